"""The load of `vllm bench serve`: its requests, 32 at once, and its arithmetic over the chunks of the streams."""

import asyncio
import json
import time
import uuid

import httpx
from checks import BASE_URL, check, close, equal, post, run_checks, wait_until_idle

CONCURRENCY = 32
NUM_PROMPTS = 64
OUTPUT_LENS = (5, 12, 24)


def prompt_of(number):
    return f"{number} is a number. The number that follows {number} is"


def completions_payload(prompt, output_len):
    """What vLLM's `openai` backend sends."""
    return {"prompt": prompt, "repetition_penalty": 1.0, "max_tokens": output_len, "logprobs": None}


def chat_payload(prompt, output_len):
    """What vLLM's `openai-chat` backend sends."""
    messages = [{"role": "user", "content": [{"type": "text", "text": prompt}]}]
    return {"messages": messages, "max_completion_tokens": output_len}


def common_payload():
    return {
        "model": "default",
        "stream": True,
        "stream_options": {"include_usage": True},
        "ignore_eos": True,
        "temperature": 0.0,
        # As with --extra-body: EOS, which the small model writes early, has text and so a chunk of its own.
        "skip_special_tokens": False,
    }


async def measure(client, path, payload, output_len):
    """One request as vLLM measures it. Seconds."""
    headers = {"Authorization": "Bearer EMPTY", "x-request-id": f"bench-{uuid.uuid4()}"}
    outcome = {"ttft": None, "itl": [], "output_len": None, "text": "", "asked": output_len}
    start = last = time.perf_counter()
    body = {**common_payload(), **payload}
    async with client.stream("POST", f"{BASE_URL}{path}", json=body, headers=headers) as response:
        equal(response.status_code, 200)
        async for line in response.aiter_lines():
            data = line.removeprefix("data: ")
            if data in ("", "[DONE]") or data.startswith(":"):
                continue
            chunk = json.loads(data)
            if choices := chunk.get("choices"):
                now = time.perf_counter()
                if outcome["ttft"] is None:
                    outcome["ttft"] = now - start
                else:
                    outcome["itl"].append(now - last)
                last = now
                delta = choices[0].get("delta", choices[0])
                outcome["text"] += delta.get("text") or delta.get("content") or ""
            elif usage := chunk.get("usage"):
                outcome["output_len"] = usage["completion_tokens"]
    outcome["latency"] = last - start
    return outcome


async def load(path, payload_of, num_prompts):
    limits = httpx.Limits(max_connections=CONCURRENCY)
    semaphore = asyncio.Semaphore(CONCURRENCY)
    async with httpx.AsyncClient(limits=limits, timeout=120) as client:

        async def limited(number):
            async with semaphore:
                output_len = OUTPUT_LENS[number % len(OUTPUT_LENS)]
                return await measure(client, path, payload_of(prompt_of(number), output_len), output_len)

        return await asyncio.gather(*(limited(number) for number in range(num_prompts)))


@check("vllm bench serve: 64 completions, 32 at once; one token a chunk, usage at the end, all of their length")
async def completions():
    global outcomes
    outcomes = await load("/completions", completions_payload, NUM_PROMPTS)
    for outcome in outcomes:
        # With ignore_eos an answer is exactly as long as asked, and TPOT divides by what the usage chunk says.
        equal(outcome["output_len"], outcome["asked"])
        # The first chunk gives TTFT, and the one with finish_reason follows the last token.
        equal(len(outcome["itl"]), outcome["output_len"])


@check("vllm bench serve: 32 chats at once")
async def chats():
    for outcome in await load("/chat/completions", chat_payload, CONCURRENCY):
        equal(outcome["output_len"], outcome["asked"])
        # One more: the chunk with the role.
        equal(len(outcome["itl"]), outcome["output_len"] + 1)
        assert outcome["text"] != "", outcome


@check("vllm bench serve: its metrics add up")
def arithmetic():
    for outcome in outcomes:
        close(outcome["ttft"] + sum(outcome["itl"]), outcome["latency"], 1e-6)
        assert 0 < outcome["ttft"] <= outcome["latency"], outcome
    tokens = sum(outcome["output_len"] for outcome in outcomes)
    equal(tokens, sum(OUTPUT_LENS[number % len(OUTPUT_LENS)] for number in range(NUM_PROMPTS)))


@check("vllm bench serve: texts are those of single requests, and nothing is left running")
def texts():
    for number in (0, 1, 2):
        body = {"model": "default", "prompt": prompt_of(number), "max_tokens": OUTPUT_LENS[number], "temperature": 0}
        answer = post("/completions", {**body, "ignore_eos": True, "skip_special_tokens": False})
        equal(outcomes[number]["text"], answer["choices"][0]["text"])
    wait_until_idle()


run_checks()
