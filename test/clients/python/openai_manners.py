"""The openai package for Python when things go wrong or slowly, and DeepSeek's own addresses."""

import asyncio
import os
import time

import openai
from checks import BASE_URL, CAPITAL_MESSAGES, JUDGE_ANSWERS, README_MESSAGES, ROOT_URL
from checks import check, equal, gauge, run_checks, running, wait_until_idle

client = openai.Client(base_url=BASE_URL, api_key="EMPTY")
greedy = {"model": "default", "temperature": 0, "max_tokens": 32}
endless = {"model": "default", "messages": README_MESSAGES, "extra_body": {"ignore_eos": True}}


class Attempts:
    """A client that notes the status of each answer that the package gets."""

    def __init__(self, base_url=BASE_URL, **options):
        self.responses = []
        http_client = openai.DefaultHttpxClient(event_hooks={"response": [self.responses.append]})
        self.client = openai.Client(base_url=base_url, api_key="EMPTY", http_client=http_client, **options)

    @property
    def statuses(self):
        return [response.status_code for response in self.responses]


@check("openai: a 429 is tried again after Retry-After, until there is room")
async def retries():
    busy_url = os.environ["CLIENTS_BUSY_URL"]
    arguments = {"messages": CAPITAL_MESSAGES, **greedy}
    async with openai.AsyncClient(base_url=busy_url, api_key="EMPTY", max_retries=0) as occupant:
        # One runs, one waits; who comes then is sent away.
        first = await occupant.chat.completions.create(stream=True, **endless)
        await anext(aiter(first))
        second = asyncio.create_task(occupant.chat.completions.create(stream=True, **endless))
        try:
            while gauge("num_requests_waiting", busy_url.removesuffix("/v1")) == 0:
                await asyncio.sleep(0.01)
            try:
                await asyncio.to_thread(Attempts(busy_url, max_retries=0).client.chat.completions.create, **arguments)
                raise AssertionError("the server is not full")
            except openai.RateLimitError as full:
                error = full
            equal((error.status_code, error.code), (429, "rate_limit_exceeded"))
            equal(error.response.headers["x-should-retry"], "true")
            wait_s = float(error.response.headers["retry-after"])
            assert 1 <= wait_s <= 60, wait_s

            patient = Attempts(busy_url, max_retries=5)
            start = time.monotonic()
            answer = asyncio.create_task(asyncio.to_thread(patient.client.chat.completions.create, **arguments))
            while not patient.statuses:
                await asyncio.sleep(0.01)
        finally:
            await first.close()
            second.cancel()
        response = await answer
    assert response.choices[0].message.content
    equal((patient.statuses[0], patient.statuses[-1]), (429, 200))
    assert time.monotonic() - start >= 1, "it did not wait"


@check("openai: an error of the caller is not tried again")
def no_retries():
    for arguments in ({"temperature": 5}, {"model": "no-such-model"}):
        attempts = Attempts(max_retries=3)
        try:
            attempts.client.chat.completions.create(**{"messages": CAPITAL_MESSAGES, **greedy, **arguments})
            raise AssertionError("no error")
        except openai.APIStatusError as error:
            equal(attempts.statuses, [error.status_code])


@check("openai: a timeout of the client stops the request within 3 s")
def timeout():
    wait_until_idle()
    try:
        client.with_options(timeout=0.3, max_retries=0).chat.completions.create(n=16, **endless)
        raise AssertionError("no APITimeoutError")
    except openai.APITimeoutError:
        wait_until_idle()


@check("openai: leaving a stream stops the request within 3 s")
def leave():
    with client.chat.completions.create(stream=True, n=8, **endless) as stream:
        next(stream)
        assert running() > 0
    wait_until_idle()


@check("openai: cancelling an asynchronous request stops it within 3 s")
async def cancel():
    async with openai.AsyncClient(base_url=BASE_URL, api_key="EMPTY") as asynchronous:
        task = asyncio.create_task(asynchronous.chat.completions.create(n=16, **endless))
        while running() == 0:
            await asyncio.sleep(0.01)
        task.cancel()
        outcome = (await asyncio.gather(task, return_exceptions=True))[0]
        assert isinstance(outcome, asyncio.CancelledError), outcome
    wait_until_idle()


@check("openai: headers of an answer with its id and its time")
def headers():
    raw = client.chat.completions.with_raw_response.create(
        messages=CAPITAL_MESSAGES, extra_headers={"x-request-id": "asked-by-the-client"}, **greedy
    )
    equal(raw.headers["x-request-id"], "asked-by-the-client")
    assert float(raw.headers["openai-processing-ms"]) > 0, raw.headers
    equal(raw.parse()._request_id, "asked-by-the-client")
    with client.chat.completions.with_streaming_response.create(
        messages=CAPITAL_MESSAGES, stream=True, **greedy
    ) as streamed:
        assert streamed.headers["content-type"].startswith("text/event-stream"), streamed.headers
        assert streamed.headers["x-request-id"], streamed.headers
        equal(list(streamed.iter_lines())[-2:], ["data: [DONE]", ""])


@check("openai: usage counts the cached part of a repeated prompt")
def cached():
    text = "The quick brown fox jumps over the lazy dog. " * 10
    messages = [{"role": "user", "content": f"{time.time()} {text}"}]
    first, second = (
        client.chat.completions.create(messages=messages, **greedy).usage for _ in range(2)
    )
    equal(first.prompt_tokens_details.cached_tokens < 32, True)
    assert second.prompt_tokens - second.prompt_tokens_details.cached_tokens <= 16, second
    equal(second.prompt_cache_hit_tokens, second.prompt_tokens_details.cached_tokens)
    equal(second.prompt_cache_hit_tokens + second.prompt_cache_miss_tokens, second.prompt_tokens)


@check("openai: DeepSeek's base URLs, without /v1 and with /beta")
def base_urls():
    expected = client.chat.completions.create(messages=README_MESSAGES, **greedy)
    for base_url in (ROOT_URL, f"{ROOT_URL}/beta"):
        other = openai.Client(base_url=base_url, api_key="EMPTY")
        response = other.chat.completions.create(messages=README_MESSAGES, **greedy)
        equal(response.choices[0].message.content, expected.choices[0].message.content)
        completion = other.completions.create(model="default", prompt="The sky is", max_tokens=4)
        equal(completion.object, "text_completion")
        equal(other.models.list().data[0].id, expected.model)


@check("openai: a prefix of the answer is continued and not repeated")
def prefix():
    whole = client.chat.completions.create(messages=CAPITAL_MESSAGES, **greedy).choices[0].message.content
    beginning, rest = whole[: len(whole) // 2], whole[len(whole) // 2 :]
    if " " in beginning:
        beginning, rest = whole[: beginning.rindex(" ")], whole[beginning.rindex(" ") :]
    messages = [*CAPITAL_MESSAGES, {"role": "assistant", "content": beginning, "prefix": True}]
    beta = openai.Client(base_url=f"{ROOT_URL}/beta", api_key="EMPTY")
    answer = beta.chat.completions.create(messages=messages, **greedy).choices[0].message.content
    if JUDGE_ANSWERS:
        equal(answer, rest)
    assert not answer.startswith(beginning), answer


@check("openai: suffix fills in the middle, or is refused by name where the tokenizer cannot")
def suffix():
    arguments = {"model": "default", "temperature": 0, "max_tokens": 12}
    try:
        filled = client.completions.create(prompt="def add(a, b):\n", suffix="\nprint(add(1, 2))", **arguments)
    except openai.BadRequestError as error:
        equal((error.param, JUDGE_ANSWERS), ("suffix", False))
        return
    prompt = "<｜fim▁begin｜>def add(a, b):\n<｜fim▁hole｜>\nprint(add(1, 2))<｜fim▁end｜>"
    spelt_out = client.completions.create(prompt=prompt, **arguments)
    equal(filled.choices[0].text, spelt_out.choices[0].text)
    equal(filled.usage.prompt_tokens, spelt_out.usage.prompt_tokens)


run_checks()
