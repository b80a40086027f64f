"""A few lines of test harness: registers checks, runs them in order, prints the Test Anything Protocol."""

import asyncio
import inspect
import json
import os
import sys
import traceback
import urllib.request

BASE_URL = os.environ["CLIENTS_BASE_URL"]
"""Ends in /v1."""
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


def get(path):
    """JSON of a GET below /v1, without any client library."""
    with urllib.request.urlopen(f"{BASE_URL}{path}", timeout=60) as answer:
        return json.load(answer)


def post(path, body):
    """JSON of a POST below /v1, without any client library: what the libraries must show, too."""
    request = urllib.request.Request(
        f"{BASE_URL}{path}", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def context_length():
    """Tokens that a prompt and its answer may have together."""
    return get("/models")["data"][0]["max_model_len"]
