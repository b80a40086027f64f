"""Structured outputs and tools with the openai package for Python and pydantic."""

import json
from enum import Enum
from typing import Annotated, Literal

import openai
from checks import BASE_URL, JUDGE_ANSWERS, check, equal, run_checks
from pydantic import BaseModel, Field

client = openai.Client(base_url=BASE_URL, api_key="EMPTY")
greedy = {"model": "default", "temperature": 0, "max_tokens": 150}
JAPAN = [{"role": "user", "content": "Give me a JSON object with the name and capital of Japan."}]
WEATHER = [{"role": "user", "content": "What is the weather in Rome?"}]


Short = Annotated[str, Field(max_length=24)]
"""Bounded, so that an answer ends whatever the model is."""


class Country(BaseModel):
    name: Short
    capital: Short


class Size(str, Enum):
    small = "small"
    large = "large"


class Label(BaseModel):
    id: Annotated[int, Field(ge=0, le=999)]
    size: Size


class Pet(BaseModel):
    """Bounded everywhere, so that any answer ends."""

    kind: Literal["cat", "dog", "bird"]
    age: Annotated[int, Field(ge=0, le=40)]
    tame: bool
    labels: Annotated[list[Label], Field(min_length=1, max_length=2)]
    owner: Label | None


class Tree(BaseModel):
    value: Literal[1, 2, 3]
    children: list["Tree"]


class GetWeather(BaseModel):
    """Current weather of a city."""

    city: Short


class GetTime(BaseModel):
    """Current time of a zone."""

    zone: Literal["CET", "UTC"]


weather_tool = openai.pydantic_function_tool(GetWeather, name="get_weather")
time_tool = openai.pydantic_function_tool(GetTime, name="get_time")


@check("openai: parse with a pydantic model")
def parse():
    (choice,) = client.chat.completions.parse(messages=JAPAN, response_format=Country, **greedy).choices
    equal((choice.finish_reason, type(choice.message.parsed)), ("stop", Country))
    equal(choice.message.parsed, Country.model_validate_json(choice.message.content))
    if JUDGE_ANSWERS:
        equal(choice.message.parsed, Country(name="Japan", capital="Tokyo"))


@check("openai: every answer at temperature 1.5 validates")
def hot():
    response = client.chat.completions.parse(
        model="default", messages=JAPAN, response_format=Pet, temperature=1.5, seed=1, n=12, max_tokens=300
    )
    pets = [choice.message.parsed for choice in response.choices]
    equal({type(pet) for pet in pets}, {Pet})
    assert len({pet.model_dump_json() for pet in pets}) > 1, pets


@check("openai: a recursive schema")
def recursive():
    response = client.chat.completions.create(
        messages=JAPAN,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "tree", "strict": True, "schema": Tree.model_json_schema()},
        },
        **greedy,
    )
    (choice,) = response.choices
    if choice.finish_reason == "stop":
        Tree.model_validate_json(choice.message.content)
    else:
        equal(choice.finish_reason, "length")
        assert choice.message.content.lstrip().startswith("{"), choice.message.content


@check("openai: an answer that is cut by max_tokens is LengthFinishReasonError")
def cut():
    try:
        client.chat.completions.parse(
            model="default", messages=JAPAN, response_format=Country, temperature=0, max_tokens=3
        )
        raise AssertionError("no LengthFinishReasonError")
    except openai.LengthFinishReasonError as error:
        equal(error.completion.usage.completion_tokens, 3)


@check("openai: the stream helper parses as it goes")
def stream():
    with client.chat.completions.stream(messages=JAPAN, response_format=Country, **greedy) as events:
        partial = [event.parsed for event in events if event.type == "content.delta"]
        final = events.get_final_completion()
    assert len(partial) > 1, partial
    whole = client.chat.completions.parse(messages=JAPAN, response_format=Country, **greedy)
    equal(final.choices[0].message.parsed, whole.choices[0].message.parsed)


@check("openai: json_object at temperature 1.5 is JSON")
def json_object():
    response = client.chat.completions.create(
        model="default", messages=JAPAN, response_format={"type": "json_object"}, temperature=1.5, seed=3, n=8, max_tokens=150
    )
    for choice in response.choices:
        if choice.finish_reason == "stop":
            assert isinstance(json.loads(choice.message.content), dict), choice.message.content


@check("openai: vLLM's structured_outputs: choice and regex")
def structured_outputs():
    def answers(structured_outputs):
        response = client.chat.completions.create(
            model="default",
            messages=JAPAN,
            temperature=1.5,
            seed=5,
            n=4,
            max_tokens=60,
            extra_body={"structured_outputs": structured_outputs},
        )
        return [choice.message.content for choice in response.choices]

    assert set(answers({"choice": ["yes", "no"]})) <= {"yes", "no"}
    for text in answers({"regex": "[0-9]{3}-[a-f]{2}"}):
        assert len(text) == 6 and text[:3].isdigit() and text[3] == "-", text


@check("openai: a schema that cannot be honoured is a BadRequestError that names its place")
def bad_schema():
    schema = {"type": "object", "properties": {"a": {"type": "strnig"}}, "required": ["a"], "additionalProperties": False}
    try:
        client.chat.completions.create(
            messages=JAPAN,
            response_format={"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": schema}},
            **greedy,
        )
        raise AssertionError("no BadRequestError")
    except openai.BadRequestError as error:
        assert error.param.startswith("response_format"), error.param


@check("openai: required and named tools are called with arguments that validate")
def tools():
    named = {"type": "function", "function": {"name": "get_time"}}
    for tool_choice, temperature in (("required", 0), ("required", 1.5), (named, 0), (named, 1.5)):
        response = client.chat.completions.parse(
            model="default",
            messages=WEATHER,
            tools=[weather_tool, time_tool],
            tool_choice=tool_choice,
            parallel_tool_calls=False,
            temperature=temperature,
            seed=2,
            max_tokens=200,
        )
        (choice,) = response.choices
        equal(choice.finish_reason, "stop" if tool_choice == named else "tool_calls")
        (call,) = choice.message.tool_calls
        assert isinstance(call.function.parsed_arguments, GetWeather | GetTime), call
        if tool_choice == named:
            equal(call.function.name, "get_time")


@check("openai: a streamed call is the whole one")
def streamed_tools():
    request = {"messages": WEATHER, "tools": [weather_tool], "tool_choice": "required", **greedy}
    with client.chat.completions.stream(**request) as events:
        seen = list(events)
        final = events.get_final_completion()
    deltas = [event for event in seen if event.type == "tool_calls.function.arguments.delta"]
    (done,) = [event for event in seen if event.type == "tool_calls.function.arguments.done"]
    equal("".join(event.arguments_delta for event in deltas), done.arguments)
    whole = client.chat.completions.parse(**request).choices[0].message.tool_calls[0]
    (call,) = final.choices[0].message.tool_calls
    equal((call.function.name, call.function.arguments), (whole.function.name, whole.function.arguments))
    equal(final.choices[0].finish_reason, "tool_calls")


@check("openai: a round with the result of a tool")
def round_trip():
    first = client.chat.completions.create(messages=WEATHER, tools=[weather_tool], tool_choice="required", **greedy)
    (call,) = first.choices[0].message.tool_calls
    result = {"role": "tool", "tool_call_id": call.id, "content": '{"temperature": "21 degrees", "sky": "sunny"}'}
    history = [*WEATHER, first.choices[0].message, result]
    second = client.chat.completions.create(messages=history, tools=[weather_tool], tool_choice="none", **greedy)
    equal(second.choices[0].message.tool_calls, None)
    assert second.choices[0].message.content.strip(), second


@check("openai: with tool_choice auto the model calls the tool that it was told about")
def auto():
    response = client.chat.completions.create(messages=WEATHER, tools=[weather_tool], **greedy)
    (choice,) = response.choices
    if JUDGE_ANSWERS:
        equal(choice.finish_reason, "tool_calls")
        equal(json.loads(choice.message.tool_calls[0].function.arguments), {"city": "Rome"})


run_checks()
