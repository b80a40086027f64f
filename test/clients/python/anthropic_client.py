"""Anthropic's package for Python on /v1/messages."""

import asyncio

import anthropic
from checks import CAPITAL_MESSAGES, JUDGE_ANSWERS, README_MESSAGES, ROOT_URL
from checks import check, context_length, equal, post, run_checks, wait_until_idle

client = anthropic.Anthropic(base_url=ROOT_URL, api_key="EMPTY")
SYSTEM = README_MESSAGES[0]["content"]
USER = README_MESSAGES[1:]
# The package has no arguments for sampling any more; the API has.
greedy = {"model": "default", "max_tokens": 64, "extra_body": {"temperature": 0}}
WEATHER = [{"role": "user", "content": "What is the weather in Rome?"}]
weather_tool = {
    "name": "get_weather",
    "description": "Current weather of a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 24}},
        "required": ["city"],
        "additionalProperties": False,
    },
}


def chat_answer(messages, **options):
    body = {"model": "default", "temperature": 0, "max_tokens": 64, "messages": messages}
    return post("/chat/completions", {**body, **options})


@check("anthropic: create says what a chat completion says")
def create():
    message = client.messages.create(system=SYSTEM, messages=USER, **greedy)
    chat = chat_answer(README_MESSAGES)
    equal((message.type, message.role), ("message", "assistant"))
    assert message.id.startswith("msg_"), message.id
    equal([(block.type, block.text) for block in message.content], [("text", chat["choices"][0]["message"]["content"])])
    expected = "end_turn" if chat["choices"][0]["finish_reason"] == "stop" else "max_tokens"
    equal((message.stop_reason, message.stop_sequence), (expected, None))
    usage = message.usage
    cached = (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
    equal(usage.input_tokens + cached, chat["usage"]["prompt_tokens"])
    equal(usage.output_tokens, chat["usage"]["completion_tokens"])
    assert message._request_id, "no request-id"


@check("anthropic: content blocks, in system too")
def blocks():
    message = client.messages.create(
        system=[{"type": "text", "text": SYSTEM, "cache_control": {"type": "ephemeral"}}],
        messages=[{"role": "user", "content": [{"type": "text", "text": USER[0]["content"]}]}],
        **greedy,
    )
    equal(message.content[0].text, chat_answer(README_MESSAGES)["choices"][0]["message"]["content"])


@check("anthropic: max_tokens and stop_sequences")
def limits():
    cut = client.messages.create(model="default", messages=USER, max_tokens=3, extra_body=greedy["extra_body"])
    equal((cut.stop_reason, cut.usage.output_tokens), ("max_tokens", 3))
    text = client.messages.create(messages=USER, **greedy).content[0].text
    stop = text[4:6]
    stopped = client.messages.create(messages=USER, stop_sequences=[stop], **greedy)
    equal((stopped.stop_reason, stopped.stop_sequence), ("stop_sequence", stop))
    equal(stopped.content[0].text, text[: text.index(stop)])


@check("anthropic: a stream's events, in order, carry the same message")
def stream():
    whole = client.messages.create(system=SYSTEM, messages=USER, **greedy)
    events = list(client.messages.create(system=SYSTEM, messages=USER, stream=True, **greedy))
    names = [event.type for event in events if event.type not in ("content_block_delta", "ping")]
    equal(names, ["message_start", "content_block_start", "content_block_stop", "message_delta", "message_stop"])
    deltas = [event.delta.text for event in events if event.type == "content_block_delta"]
    equal("".join(deltas), whole.content[0].text)
    assert len(deltas) > 1, deltas
    (end,) = [event for event in events if event.type == "message_delta"]
    equal((end.delta.stop_reason, end.usage.output_tokens), (whole.stop_reason, whole.usage.output_tokens))


@check("anthropic: the stream helper assembles the message")
def stream_helper():
    with client.messages.stream(system=SYSTEM, messages=USER, **greedy) as events:
        text = "".join(events.text_stream)
        final = events.get_final_message()
    whole = client.messages.create(system=SYSTEM, messages=USER, **greedy)
    equal((final.content[0].text, final.stop_reason), (whole.content[0].text, whole.stop_reason))
    equal(text, whole.content[0].text)


@check("anthropic: a tool, its result, and the answer")
def tools():
    request = {"messages": WEATHER, "tools": [weather_tool], **greedy}
    first = client.messages.create(tool_choice={"type": "any"}, **request)
    equal(first.stop_reason, "tool_use")
    (call,) = [block for block in first.content if block.type == "tool_use"]
    equal((call.name, list(call.input)), ("get_weather", ["city"]))
    with client.messages.stream(tool_choice={"type": "tool", "name": "get_weather"}, **request) as events:
        (streamed,) = [block for block in events.get_final_message().content if block.type == "tool_use"]
    equal((streamed.name, list(streamed.input)), ("get_weather", ["city"]))
    result = {"type": "tool_result", "tool_use_id": call.id, "content": '{"temperature": "21 degrees"}'}
    history = [*WEATHER, {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    answer = client.messages.create(**{**request, "messages": history}, tool_choice={"type": "none"})
    assert answer.content[0].text.strip(), answer
    if JUDGE_ANSWERS:
        auto = client.messages.create(**request)
        equal([block.input for block in auto.content if block.type == "tool_use"], [{"city": "Rome"}])


@check("anthropic: count_tokens is what usage says")
def count():
    counted = client.messages.count_tokens(model="default", system=SYSTEM, messages=USER).input_tokens
    equal(counted, chat_answer(README_MESSAGES, max_tokens=1)["usage"]["prompt_tokens"])
    with_tools = client.messages.count_tokens(model="default", messages=WEATHER, tools=[weather_tool]).input_tokens
    assert with_tools > client.messages.count_tokens(model="default", messages=WEATHER).input_tokens


@check("anthropic: its errors")
def errors():
    cases = [
        (anthropic.NotFoundError, "not_found_error", {"model": "no-such-model"}),
        (anthropic.BadRequestError, "invalid_request_error", {"extra_body": {"temperature": 5}}),
        (anthropic.BadRequestError, "invalid_request_error", {"messages": []}),
        (anthropic.BadRequestError, "invalid_request_error",
         {"messages": [{"role": "user", "content": "one two three " * context_length()}]}),
    ]  # fmt: skip
    for error_class, error_type, arguments in cases:
        for is_stream in (False, True):
            try:
                client.messages.create(**{"messages": CAPITAL_MESSAGES, **greedy, **arguments}, stream=is_stream)
                raise AssertionError(f"no {error_class.__name__}")
            except error_class as error:
                equal((error.body["type"], error.body["error"]["type"]), ("error", error_type))
                assert error.body["error"]["message"] and error.request_id, error.body


@check("anthropic: leaving a stream stops it within 3 s")
def leave():
    story = [{"role": "user", "content": "Tell me a short story about a dog."}]
    with client.messages.create(model="default", max_tokens=900, messages=story, stream=True) as events:
        for event in events:
            if event.type == "content_block_delta":
                break
    wait_until_idle()


@check("anthropic: the async client, four at once")
async def asynchronous():
    async with anthropic.AsyncAnthropic(base_url=ROOT_URL, api_key="EMPTY") as other:
        messages = await asyncio.gather(
            *(other.messages.create(messages=CAPITAL_MESSAGES, **greedy) for _ in range(4))
        )
    texts = {message.content[0].text for message in messages}
    equal(texts, {chat_answer(CAPITAL_MESSAGES)["choices"][0]["message"]["content"]})


run_checks()
