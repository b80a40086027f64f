"""The Responses API with the openai package for Python."""

import asyncio
from typing import Annotated

import openai
from checks import BASE_URL, CAPITAL_MESSAGES, JUDGE_ANSWERS, README_MESSAGES
from checks import check, equal, post, run_checks, wait_until_idle
from pydantic import BaseModel, Field

client = openai.Client(base_url=BASE_URL, api_key="EMPTY")
greedy = {"model": "default", "temperature": 0, "max_output_tokens": 64}
WEATHER = "What is the weather in Rome?"


Short = Annotated[str, Field(max_length=24)]
"""Bounded, so that an answer ends whatever the model is."""


class Country(BaseModel):
    name: Short
    capital: Short


class GetWeather(BaseModel):
    """Current weather of a city."""

    city: Short


weather_tool = openai.pydantic_function_tool(GetWeather, name="get_weather")["function"]
weather_tool = {"type": "function", **weather_tool}


def chat_answer(messages):
    body = {"model": "default", "temperature": 0, "max_tokens": 64, "messages": messages}
    return post("/chat/completions", body)


@check("openai responses: create says what a chat completion says")
def create():
    response = client.responses.create(
        instructions=README_MESSAGES[0]["content"], input=README_MESSAGES[1]["content"], **greedy
    )
    chat = chat_answer(README_MESSAGES)
    equal((response.object, response.status, response.error), ("response", "completed", None))
    assert response.id.startswith("resp_"), response.id
    equal(response.output_text, chat["choices"][0]["message"]["content"])
    equal((response.usage.input_tokens, response.usage.output_tokens),
          (chat["usage"]["prompt_tokens"], chat["usage"]["completion_tokens"]))  # fmt: skip
    equal(response.usage.total_tokens, response.usage.input_tokens + response.usage.output_tokens)
    equal(response.store, False)
    (message,) = response.output
    equal((message.type, message.role, message.status), ("message", "assistant", "completed"))


@check("openai responses: a conversation as input items, and developer for system")
def items():
    history = [
        {"role": "developer", "content": README_MESSAGES[0]["content"]},
        {"role": "user", "content": [{"type": "input_text", "text": CAPITAL_MESSAGES[0]["content"]}]},
    ]
    first = client.responses.create(input=history, **greedy)
    chat = chat_answer([README_MESSAGES[0], *CAPITAL_MESSAGES])
    equal(first.output_text, chat["choices"][0]["message"]["content"])
    # Items of an answer go back in as they came.
    question = {"role": "user", "content": "And of Poland?"}
    second = client.responses.create(input=[*history, *first.output, question], **greedy)
    assert second.usage.input_tokens > first.usage.input_tokens + first.usage.output_tokens - 2, second.usage
    if JUDGE_ANSWERS:
        assert "Warsaw" in second.output_text, second.output_text


@check("openai responses: max_output_tokens makes it incomplete")
def incomplete():
    response = client.responses.create(
        model="default", input=README_MESSAGES[1]["content"], max_output_tokens=3, temperature=0
    )
    equal((response.status, response.incomplete_details.reason), ("incomplete", "max_output_tokens"))
    equal(response.usage.output_tokens, 3)


@check("openai responses: a stream's events, in order, carry the same response")
def stream():
    whole = client.responses.create(input=README_MESSAGES[1]["content"], **greedy)
    events = list(client.responses.create(input=README_MESSAGES[1]["content"], stream=True, **greedy))
    equal([event.sequence_number for event in events], list(range(len(events))))
    names = [event.type for event in events if event.type != "response.output_text.delta"]
    equal(names, [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ])  # fmt: skip
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    equal("".join(deltas), whole.output_text)
    assert len(deltas) > 1, deltas
    final = events[-1].response
    equal((final.output_text, final.status, final.usage.output_tokens),
          (whole.output_text, "completed", whole.usage.output_tokens))  # fmt: skip
    equal(final.id, events[0].response.id)


@check("openai responses: the stream helper")
def stream_helper():
    with client.responses.stream(input=README_MESSAGES[1]["content"], **greedy) as events:
        text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        final = events.get_final_response()
    equal(final.output_text, text)


@check("openai responses: parse with a pydantic model, whole and streamed")
def parse():
    request = {"input": "Give me a JSON object with the name and capital of Japan.", "text_format": Country, **greedy}
    response = client.responses.parse(**request)
    equal(type(response.output_parsed), Country)
    if JUDGE_ANSWERS:
        equal(response.output_parsed, Country(name="Japan", capital="Tokyo"))
    with client.responses.stream(**request) as events:
        equal(events.until_done().get_final_response().output_parsed, response.output_parsed)


@check("openai responses: a tool, its result, and the answer")
def tools():
    first = client.responses.create(input=WEATHER, tools=[weather_tool], tool_choice="required", **greedy)
    (call,) = [item for item in first.output if item.type == "function_call"]
    GetWeather.model_validate_json(call.arguments)
    equal(call.name, "get_weather")
    output = {"type": "function_call_output", "call_id": call.call_id, "output": '{"temperature": "21 degrees"}'}
    history = [{"role": "user", "content": WEATHER}, *first.output, output]
    second = client.responses.create(input=history, tools=[weather_tool], tool_choice="none", **greedy)
    assert second.output_text.strip(), second


@check("openai responses: a streamed call is the whole one")
def streamed_tools():
    request = {"input": WEATHER, "tools": [weather_tool], "tool_choice": "required", **greedy}
    events = list(client.responses.create(stream=True, **request))
    (done,) = [event for event in events if event.type == "response.function_call_arguments.done"]
    deltas = [event.delta for event in events if event.type == "response.function_call_arguments.delta"]
    equal("".join(deltas), done.arguments)
    (call,) = [item for item in events[-1].response.output if item.type == "function_call"]
    equal(call.arguments, done.arguments)
    whole = client.responses.create(**request)
    equal([item.arguments for item in whole.output if item.type == "function_call"], [call.arguments])


@check("openai responses: what it cannot do is a BadRequestError that names it")
def refusals():
    for arguments in ({"previous_response_id": "resp_123"}, {"background": True}, {"conversation": "conv_1"}):
        try:
            client.responses.create(input="?", **greedy, **arguments)
            raise AssertionError(f"{arguments} was accepted")
        except openai.BadRequestError as error:
            equal(error.param, next(iter(arguments)))
    try:
        client.responses.create(model="no-such-model", input="?")
        raise AssertionError("no NotFoundError")
    except openai.NotFoundError as error:
        equal((error.code, error.param), ("model_not_found", "model"))


@check("openai responses: leaving a stream stops it within 3 s")
def leave():
    with client.responses.create(model="default", input="Tell me a short story about a dog.", stream=True) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                break
    wait_until_idle()


@check("openai responses: the async client, four at once")
async def asynchronous():
    async with openai.AsyncClient(base_url=BASE_URL, api_key="EMPTY") as other:
        requests = [other.responses.create(input=CAPITAL_MESSAGES[0]["content"], **greedy) for _ in range(4)]
        texts = {response.output_text for response in await asyncio.gather(*requests)}
    equal(texts, {chat_answer(CAPITAL_MESSAGES)["choices"][0]["message"]["content"]})


run_checks()
