"""The openai package for Python: the example of the DeepSeek-V2 README and what people do next."""

import asyncio

import openai
from checks import BASE_URL, CAPITAL_MESSAGES, JUDGE_ANSWERS, README_MESSAGES
from checks import check, context_length, equal, get, post, run_checks

client = openai.Client(base_url=BASE_URL, api_key="EMPTY")
greedy = {"model": "default", "temperature": 0, "max_tokens": 64}


def expected_answer(messages, **options):
    """Text, finish_reason and usage of the same request without the library."""
    answer = post("/chat/completions", {**greedy, "messages": messages, **options})
    choice = answer["choices"][0]
    usage = answer["usage"]
    return choice["message"]["content"], choice["finish_reason"], (usage["prompt_tokens"], usage["completion_tokens"])


def check_usage(usage, max_tokens, finish_reason):
    assert usage.prompt_tokens > 0 and 0 < usage.completion_tokens <= max_tokens, usage
    equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)
    if finish_reason == "length":
        equal(usage.completion_tokens, max_tokens)


def collect(chunks):
    """Text, finish_reason and usage of a chat stream, whose form is checked on the way."""
    first, text, finish_reason, usage, ids = None, "", None, None, set()
    for chunk in chunks:
        first = first or chunk
        ids.add((chunk.id, chunk.created, chunk.model))
        equal(chunk.object, "chat.completion.chunk")
        if chunk.usage:
            usage = (chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
            equal(chunk.choices, [])
            continue
        assert usage is None, "a chunk after the usage"
        (choice,) = chunk.choices
        assert finish_reason is None, "a chunk after the finish_reason"
        text += choice.delta.content or ""
        finish_reason = choice.finish_reason
    equal(first.choices[0].delta.role, "assistant")
    equal(len(ids), 1)
    return text, finish_reason, usage


@check("openai: the README's chat completion")
def readme_example():
    response = client.chat.completions.create(
        model="default",
        messages=README_MESSAGES,
        temperature=0,
        max_tokens=64,
    )
    (choice,) = response.choices
    assert response.id.startswith("chatcmpl-"), response.id
    equal(response.object, "chat.completion")
    equal(response.model, get("/models")["data"][0]["id"])
    equal((choice.index, choice.message.role, choice.message.refusal), (0, "assistant", None))
    assert choice.finish_reason in ("stop", "length"), choice.finish_reason
    check_usage(response.usage, 64, choice.finish_reason)
    usage = (response.usage.prompt_tokens, response.usage.completion_tokens)
    equal((choice.message.content, choice.finish_reason, usage), expected_answer(README_MESSAGES))
    assert choice.message.content.strip() != ""
    if JUDGE_ANSWERS:
        equal(choice.finish_reason, "stop")


@check("openai: the capital of France")
def capital():
    response = client.chat.completions.create(messages=CAPITAL_MESSAGES, **greedy)
    if JUDGE_ANSWERS:
        assert "Paris" in response.choices[0].message.content, response.choices[0].message.content


@check("openai: a stream carries the same text, finish_reason and usage")
def stream():
    chunks = client.chat.completions.create(
        messages=README_MESSAGES, stream=True, stream_options={"include_usage": True}, **greedy
    )
    equal(collect(chunks), expected_answer(README_MESSAGES))


@check("openai: a stream without stream_options has no usage")
def stream_without_usage():
    text, finish_reason, usage = collect(
        client.chat.completions.create(messages=README_MESSAGES, stream=True, **greedy)
    )
    equal((text, finish_reason), expected_answer(README_MESSAGES)[:2])
    equal(usage, None)


@check("openai: the stream helper assembles the completion")
def stream_helper():
    # A stop string, because the helper takes an answer that was cut by its length for an error.
    stop = expected_answer(README_MESSAGES)[0][8:10]
    with client.chat.completions.stream(messages=README_MESSAGES, stop=[stop], **greedy) as events:
        deltas = "".join(event.delta for event in events if event.type == "content.delta")
        final = events.get_final_completion()
    expected = expected_answer(README_MESSAGES, stop=[stop])
    equal((final.choices[0].message.content, final.choices[0].finish_reason), expected[:2])
    equal(deltas, final.choices[0].message.content)


@check("openai: max_completion_tokens and stop cut the answer")
def limits():
    text, _, _ = expected_answer(README_MESSAGES)
    short = client.chat.completions.create(
        model="default", messages=README_MESSAGES, temperature=0, max_completion_tokens=3
    )
    equal((short.choices[0].finish_reason, short.usage.completion_tokens), ("length", 3))
    assert text.startswith(short.choices[0].message.content), short.choices[0].message.content
    stop = text[4:6]
    cut = client.chat.completions.create(messages=README_MESSAGES, stop=[stop], **greedy)
    equal((cut.choices[0].message.content, cut.choices[0].finish_reason), (text[: text.index(stop)], "stop"))


@check("openai: n choices of a seeded request repeat")
def choices():
    def draw():
        response = client.chat.completions.create(
            model="default", messages=README_MESSAGES, temperature=1, seed=7, n=3, max_tokens=8
        )
        equal([choice.index for choice in response.choices], [0, 1, 2])
        return [choice.message.content for choice in response.choices]

    equal(draw(), draw())


@check("openai: log-probabilities of a greedy answer")
def logprobs():
    response = client.chat.completions.create(messages=README_MESSAGES, logprobs=True, top_logprobs=3, **greedy)
    (choice,) = response.choices
    tokens = choice.logprobs.content
    equal(len(tokens), response.usage.completion_tokens)
    for token in tokens:
        equal(len(token.top_logprobs), 3)
        equal((token.token, token.logprob), (token.top_logprobs[0].token, token.top_logprobs[0].logprob))
        assert token.logprob <= 0, token


@check("openai: parameters at their neutral values are accepted")
def neutral_values():
    response = client.chat.completions.create(
        messages=README_MESSAGES,
        n=1,
        stop=None,
        store=False,
        tools=None,
        tool_choice="none",
        response_format={"type": "text"},
        modalities=["text"],
        service_tier="auto",
        user="somebody",
        **greedy,
    )
    equal(response.choices[0].message.content, expected_answer(README_MESSAGES)[0])


@check("openai: text completions, with a list of prompts and streaming")
def completions():
    arguments = {"model": "default", "temperature": 0, "max_tokens": 8}
    response = client.completions.create(prompt=["One, two,", "The sky is"], **arguments)
    equal([choice.index for choice in response.choices], [0, 1])
    equal(response.object, "text_completion")
    assert 0 < response.usage.completion_tokens <= 16
    chunks = list(client.completions.create(prompt="The sky is", stream=True, **arguments))
    equal("".join(chunk.choices[0].text for chunk in chunks), response.choices[1].text)
    equal(chunks[-1].choices[0].finish_reason, response.choices[1].finish_reason)


@check("openai: models are listed, and aliases can be retrieved")
def models():
    (model,) = client.models.list().data
    equal(client.models.retrieve(model.id).id, model.id)
    for alias in ("default", "deepseek-chat"):
        equal(client.models.retrieve(alias).object, "model")


@check("openai: the request's id is known to the client")
def request_id():
    raw = client.with_options(default_headers={"x-request-id": "from-the-client"}).models.with_raw_response.list()
    equal(raw.headers["x-request-id"], "from-the-client")
    response = client.chat.completions.create(messages=CAPITAL_MESSAGES, **greedy)
    assert response._request_id, "no x-request-id"


def refusal(error_class, **arguments):
    """The error that a request ends in."""
    try:
        client.chat.completions.create(**{"messages": CAPITAL_MESSAGES, **greedy, **arguments})
    except error_class as error:
        assert error.request_id, "no x-request-id"
        return error
    raise AssertionError(f"no {error_class.__name__}")


@check("openai: NotFoundError for an unknown model, streaming or not")
def unknown_model():
    for stream in (False, True):
        error = refusal(openai.NotFoundError, model="no-such-model", stream=stream)
        equal((error.status_code, error.code, error.param), (404, "model_not_found", "model"))
        assert "no-such-model" in error.message, error.message


@check("openai: BadRequestError names the parameter")
def bad_parameter():
    error = refusal(openai.BadRequestError, temperature=5)
    equal((error.status_code, error.param, error.type), (400, "temperature", "invalid_request_error"))
    error = refusal(openai.BadRequestError, messages=[{"role": "nobody", "content": "?"}])
    equal(error.param, "messages.0.role")


@check("openai: BadRequestError with context_length_exceeded for a prompt that is too long")
def too_long():
    messages = [{"role": "user", "content": "one two three " * context_length()}]
    for stream in (False, True):
        error = refusal(openai.BadRequestError, messages=messages, stream=stream)
        equal((error.code, error.param), ("context_length_exceeded", "messages"))
        assert "maximum context length" in error.message, error.message


@check("openai: the async client, eight requests at once")
async def async_client():
    async with openai.AsyncClient(base_url=BASE_URL, api_key="EMPTY") as asynchronous:
        requests = [asynchronous.chat.completions.create(messages=README_MESSAGES, **greedy) for _ in range(8)]
        responses = await asyncio.gather(*requests)
    text = expected_answer(README_MESSAGES)[0]
    equal([response.choices[0].message.content for response in responses], [text] * 8)


@check("openai: the async client streams, and leaves in the middle")
async def async_stream():
    async with openai.AsyncClient(base_url=BASE_URL, api_key="EMPTY") as asynchronous:
        chunks = await asynchronous.chat.completions.create(
            messages=README_MESSAGES, stream=True, stream_options={"include_usage": True}, **greedy
        )
        equal(collect([chunk async for chunk in chunks]), expected_answer(README_MESSAGES))
        endless = await asynchronous.chat.completions.create(
            model="default", messages=README_MESSAGES, stream=True, extra_body={"ignore_eos": True}
        )
        count = 0
        async for _ in endless:
            count += 1
            if count == 5:
                break
        await endless.close()


run_checks()
