"""Forms of answers that are made to hurt: each is answered or refused in time, and the server stays well."""

import asyncio
import json
import re
import time

import httpx
from checks import BASE_URL, CAPITAL_MESSAGES, ROOT_URL, check, equal, post, run_checks, wait_until_idle

LIMIT_S = 20
"""For one answer or refusal, on a machine that has other work as well."""
MAX_GROWTH = 200 * 2**20
"""Bytes of resident memory, once what is kept for later is there."""


def deep(depth):
    schema = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    return {"type": "object", "properties": {"a": schema}, "required": ["a"], "additionalProperties": False}


def doubling(depth):
    """Each definition is used twice by the next one: 2^depth when written out."""
    definitions = {"d0": {"type": "boolean"}}
    for level in range(1, depth):
        half = {"$ref": f"#/$defs/d{level - 1}"}
        definitions[f"d{level}"] = {"anyOf": [{"type": "array", "items": half}, {"type": "array", "prefixItems": [half, half]}]}
    return {"$defs": definitions, "$ref": f"#/$defs/d{depth - 1}"}


SCHEMAS = {
    "deep": deep(150),
    "deeper": deep(450),
    "doubling": doubling(40),
    "a reference to itself": {"$ref": "#"},
    "references in a ring": {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
    "allOf of itself": {"allOf": [{"$ref": "#"}, {"type": "object"}]},
    "a missing reference": {"$ref": "#/$defs/nowhere"},
    "a reference outside": {"$ref": "http://127.0.0.1:9/schema.json"},
    "a million items": {"type": "array", "items": {"type": "integer"}, "minItems": 1_000_000},
    "a long string": {"type": "string", "minLength": 100_000, "maxLength": 10**9},
    "many values": {"enum": [f"value {i} {'x' * 20}" for i in range(20_000)]},
    "many properties": {"type": "object", "properties": {f"p{i}": {"type": "integer"} for i in range(3000)}},
    "many alternatives": {"anyOf": [{"type": "object", "properties": {f"p{i}": {"type": "string"}}} for i in range(1000)]},
    "nested repetition": {"type": "string", "pattern": "^((a{1,100}){1,100}){1,100}$"},
    "catastrophic pattern": {"type": "string", "pattern": "^(((.*)*)*)*(a|aa)+$"},
    "a broken pattern": {"type": "string", "pattern": "(((["},
    "a wide range": {"type": "integer", "minimum": -(2**53), "maximum": 2**53},
    "an empty range": {"type": "integer", "minimum": 5, "maximum": 4},
    "nothing": {"not": {}},
    "false": {"type": "object", "properties": {"a": False}, "required": ["a"]},
    "odd keys": {"type": "object", "properties": {"__proto__": {"type": "integer"}, "\ud800\u0000": {"type": "null"}}},
}
OUTPUTS = {
    "left recursion": {"grammar": 'root ::= root "a" | "a"'},
    "ambiguity": {"grammar": 'root ::= s\ns ::= s s | "a" | ""'},
    "an endless rule": {"grammar": "root ::= a\na ::= b\nb ::= a"},
    "no root": {"grammar": 'other ::= "a"'},
    "garbage": {"grammar": "::= ::= \u0000 ]]"},
    "counted repetition": {"regex": "((([a-z]{1,300}){1,300}){1,300}){1,300}"},
    "a lookbehind": {"regex": "(?<=a)b"},
    "a back reference": {"regex": "(a)\\1"},
    "many choices": {"choice": [f"choice {i}" for i in range(20_000)]},
    "no choices": {"choice": []},
    "two kinds at once": {"regex": "a", "choice": ["a"]},
}


def bodies():
    common = {"model": "default", "messages": CAPITAL_MESSAGES, "max_tokens": 24, "temperature": 1.5, "seed": 1}
    for name, schema in SCHEMAS.items():
        response_format = {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": schema}}
        yield f"schema: {name}", {**common, "response_format": response_format}
        function = {"name": "f", "parameters": {"type": "object", "properties": {"a": schema}}, "strict": True}
        yield f"tool: {name}", {**common, "tools": [{"type": "function", "function": function}], "tool_choice": "required"}
    for name, structured_outputs in OUTPUTS.items():
        yield f"structured_outputs: {name}", {**common, "structured_outputs": structured_outputs}


def resident():
    text = httpx.get(f"{ROOT_URL}/metrics").text
    return float(re.search(r"^process_resident_memory_bytes (.+)$", text, re.M)[1])


async def slowest_health(client, stop):
    """Seconds of the slowest answer of /health until `stop` is set."""
    slowest = 0
    while not stop.is_set():
        start = time.monotonic()
        equal((await client.get(f"{ROOT_URL}/health")).status_code, 200)
        slowest = max(slowest, time.monotonic() - start)
        await asyncio.sleep(0.02)
    return slowest


async def send_all():
    async with httpx.AsyncClient(timeout=LIMIT_S) as client:
        stop = asyncio.Event()
        health = asyncio.create_task(slowest_health(client, stop))
        problems = []
        for name, body in bodies():
            content = json.dumps(body)
            try:
                answer = await client.post(
                    f"{BASE_URL}/chat/completions", content=content, headers={"content-type": "application/json"}
                )
            except httpx.TimeoutException:
                problems.append(f"{name}: no answer within {LIMIT_S} s")
                continue
            if answer.status_code == 400:
                equal(sorted(answer.json()["error"]), ["code", "message", "param", "type"])
            elif answer.status_code != 200:
                problems.append(f"{name}: {answer.status_code} {answer.text[:200]}")
        stop.set()
        return problems, await health


@check("hostile: every form of answer is answered or refused, while /health goes on")
async def hostile():
    problems, slowest = await send_all()
    equal(problems, [])
    assert slowest < LIMIT_S / 4, f"/health took {slowest} s"


@check("hostile: afterwards the server answers as before, is idle and has not grown")
async def afterwards():
    before = resident()
    await send_all()
    wait_until_idle()
    assert resident() - before < MAX_GROWTH, f"{before} to {resident()} bytes"
    body = {"model": "default", "messages": CAPITAL_MESSAGES, "temperature": 0, "max_tokens": 32}
    equal(post("/chat/completions", body)["choices"][0]["finish_reason"] in ("stop", "length"), True)


run_checks()
