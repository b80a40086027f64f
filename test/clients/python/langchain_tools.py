"""Tools and structured output with langchain-openai and langchain-deepseek."""

from typing import Annotated, Literal

import openai
from checks import BASE_URL, CAPITAL_MESSAGES, JUDGE_ANSWERS, README_MESSAGES, ROOT_URL
from checks import check, context_length, equal, post, run_checks
from langchain_core.exceptions import ContextOverflowError
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_deepseek import ChatDeepSeek
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, Field

settings = {"model": "deepseek-chat", "temperature": 0, "max_tokens": 150, "max_retries": 0}
PACKAGES = [
    ("langchain-openai", ChatOpenAI(api_key="EMPTY", base_url=BASE_URL, **settings)),
    ("langchain-deepseek", ChatDeepSeek(api_key="EMPTY", api_base=ROOT_URL, **settings)),
]
JAPAN = "Give me a JSON object with the name and capital of Japan."


Short = Annotated[str, Field(max_length=24)]
"""Bounded, so that an answer ends whatever the model is."""


class Country(BaseModel):
    """A country."""

    name: Short
    capital: Short


class Pet(BaseModel):
    """A pet."""

    kind: Literal["cat", "dog"]
    age: Annotated[int, Field(ge=0, le=40)]


@tool
def get_weather(city: Short) -> str:
    """Current weather of a city."""
    return f'{{"city": "{city}", "temperature": "21 degrees"}}'


def check_each(name):
    """Registers a function of a chat model as one check for each package."""

    def register(function):
        for package, model in PACKAGES:
            check(f"{package}: {name}")(lambda model=model: function(model))
        return function

    return register


@check_each("invoke, batch and stream")
def text(model):
    body = {"model": "default", "temperature": 0, "max_tokens": 150, "messages": README_MESSAGES}
    expected = post("/chat/completions", body)["choices"][0]["message"]["content"]
    equal(model.invoke(README_MESSAGES).content, expected)
    equal([message.content for message in model.batch([README_MESSAGES] * 3)], [expected] * 3)
    whole = None
    for chunk in model.stream(README_MESSAGES, stream_usage=True):
        whole = chunk if whole is None else whole + chunk
    equal(whole.content, expected)
    equal(whole.usage_metadata["output_tokens"], model.invoke(README_MESSAGES).usage_metadata["output_tokens"])


@check_each("usage_metadata with cache_read")
def usage(model):
    model.invoke(README_MESSAGES)
    text = "The quick brown fox jumps over the lazy dog. " * 10
    first, second = (model.invoke([HumanMessage(f"{id(model)} {text}")]).usage_metadata for _ in range(2))
    equal(first["input_tokens"], second["input_tokens"])
    read = second["input_token_details"]["cache_read"]
    assert second["input_tokens"] - 16 <= read < second["input_tokens"], second


@check_each("with_structured_output by json_schema, function calling and JSON mode")
def structured(model):
    # The beta address that ChatDeepSeek takes for strict tools is DeepSeek's own.
    methods = ("function_calling", "json_mode") if isinstance(model, ChatDeepSeek) else (
        "json_schema", "function_calling", "json_mode")  # fmt: skip
    for method in methods:
        # In JSON mode nothing but the model sets an end.
        if method == "json_mode" and not JUDGE_ANSWERS:
            continue
        answer = model.with_structured_output(Country, method=method).invoke(JAPAN)
        equal(type(answer), Country)
        # What the small model makes of a tool that is no tool is not judged; its arguments validate.
        if JUDGE_ANSWERS and method != "function_calling":
            equal(answer, Country(name="Japan", capital="Tokyo"))


@check_each("structured output at temperature 1.5")
def hot(model):
    wild = model.model_copy(update={"temperature": 1.5}).with_structured_output(Pet)
    equal({type(pet) for pet in wild.batch(["A pet, please."] * 6)}, {Pet})


@check_each("bind_tools, invoke and stream, and a second round")
def tools(model):
    bound = model.bind_tools([get_weather], tool_choice="get_weather")
    question = HumanMessage("What is the weather in Rome?")
    message = bound.invoke([question])
    (call,) = message.tool_calls
    equal((call["name"], list(call["args"])), ("get_weather", ["city"]))
    whole = None
    for chunk in bound.stream([question]):
        whole = chunk if whole is None else whole + chunk
    equal([(streamed["name"], streamed["args"]) for streamed in whole.tool_calls], [(call["name"], call["args"])])
    result = get_weather.invoke(call)
    assert isinstance(result, ToolMessage), result
    answer = model.invoke([question, message, result])
    assert isinstance(answer, AIMessage) and answer.content.strip(), answer
    if JUDGE_ANSWERS:
        (free,) = model.bind_tools([get_weather]).invoke([question]).tool_calls
        equal(free["args"], {"city": "Rome"})


@check_each("errors")
def errors(model):
    try:
        model.invoke("one two three " * context_length())
        raise AssertionError("no ContextOverflowError")
    except ContextOverflowError:
        pass
    try:
        model.model_copy(update={"model_name": "no-such-model"}).invoke(CAPITAL_MESSAGES)
        raise AssertionError("no NotFoundError")
    except openai.NotFoundError as error:
        equal(error.code, "model_not_found")


@check("langchain-openai: the Responses API")
def responses():
    model = ChatOpenAI(api_key="EMPTY", base_url=BASE_URL, use_responses_api=True, **settings)
    message = model.invoke(CAPITAL_MESSAGES)
    equal(message.text, PACKAGES[0][1].invoke(CAPITAL_MESSAGES).content)
    whole = None
    for chunk in model.stream(CAPITAL_MESSAGES):
        whole = chunk if whole is None else whole + chunk
    equal(whole.text, message.text)
    equal(whole.usage_metadata["output_tokens"], message.usage_metadata["output_tokens"])


run_checks()
