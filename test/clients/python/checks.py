"""A few lines of test harness: registers checks, runs them in order, prints the Test Anything Protocol."""

import asyncio
import inspect
import json
import os
import re
import sys
import time
import traceback
import urllib.request

BASE_URL = os.environ["CLIENTS_BASE_URL"]
"""Ends in /v1."""
ROOT_URL = BASE_URL.removesuffix("/v1")
IDLE_LIMIT_S = 3
JUDGE_ANSWERS = os.environ["CLIENTS_JUDGE_ANSWERS"] == "1"
"""Whether the server runs the shipped model, whose answers are known; of any other only the form is."""

README_MESSAGES = [
    {"role": "system", "content": "You are a helpful AI assistant"},
    {"role": "user", "content": "List 3 countries and their capitals."},
]
"""The chat example of the DeepSeek-V2 README."""
CAPITAL_MESSAGES = [{"role": "user", "content": "What is the capital of France?"}]

_checks = []


def check(name):
    """Registers a function, plain or async, as the check of that name."""

    def register(function):
        _checks.append((name, function))
        return function

    return register


def run_checks():
    """Runs all registered checks and ends the process: 0 when all passed."""
    failed = 0
    for number, (name, function) in enumerate(_checks, 1):
        try:
            outcome = function()
            if inspect.isawaitable(outcome):
                asyncio.run(outcome)
            print(f"ok {number} - {name}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {number} - {name}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
            sys.stdout.flush()
    print(f"1..{len(_checks)}", flush=True)
    sys.exit(1 if failed else 0)


def equal(actual, expected):
    assert actual == expected, f"{actual!r} instead of {expected!r}"


def close(actual, expected, tolerance):
    assert abs(actual - expected) <= tolerance, f"{actual!r} instead of {expected!r}"


def get(path):
    """JSON of a GET below /v1, without any client library."""
    with urllib.request.urlopen(f"{BASE_URL}{path}", timeout=60) as answer:
        return json.load(answer)


def post(path, body):
    """JSON of a POST below /v1, without any client library: what the libraries must show, too."""
    return post_root(f"/v1{path}", body)


def post_root(path, body):
    """The same for any path of the server."""
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{ROOT_URL}{path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def gauge(name, root_url=ROOT_URL):
    """Value of a metric of vLLM's, summed over its labels."""
    with urllib.request.urlopen(f"{root_url}/metrics", timeout=60) as answer:
        text = answer.read().decode()
    return sum(float(value) for value in re.findall(rf"^vllm:{name}\{{.*\}} (.+)$", text, re.M))


def running():
    """Requests that the server works on at the moment."""
    return gauge("num_requests_running") + gauge("num_requests_waiting")


def wait_until(condition, limit_s=IDLE_LIMIT_S):
    """Fails when the condition does not come true in time."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit_s} s"
        time.sleep(0.01)


def wait_until_idle():
    """A client that left must have stopped its request by then."""
    wait_until(lambda: running() == 0)


def context_length():
    """Tokens that a prompt and its answer may have together."""
    return get("/models")["data"][0]["max_model_len"]
