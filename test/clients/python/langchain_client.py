"""LangChain for Python: the example of the DeepSeek-V2 README with nothing but the address changed."""

import openai
from checks import BASE_URL, CAPITAL_MESSAGES, JUDGE_ANSWERS, README_MESSAGES
from checks import check, context_length, equal, post, run_checks
from langchain_core.exceptions import ContextOverflowError
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI

llm = ChatOpenAI(
    model="deepseek-chat",
    openai_api_key="EMPTY",
    openai_api_base=BASE_URL,
    temperature=0.85,
    max_tokens=8000,
)
greedy = ChatOpenAI(model="deepseek-chat", api_key="EMPTY", base_url=BASE_URL, temperature=0, max_tokens=64)
MESSAGES = [SystemMessage(README_MESSAGES[0]["content"]), HumanMessage(README_MESSAGES[1]["content"])]


def check_message(message):
    assert isinstance(message, AIMessage), type(message)
    assert isinstance(message.content, str) and message.content.strip() != "", message.content
    finish_reason = message.response_metadata["finish_reason"]
    usage = message.usage_metadata
    equal(usage["total_tokens"], usage["input_tokens"] + usage["output_tokens"])
    # max_tokens=8000 is cut to what the context leaves.
    assert finish_reason == "stop" or usage["total_tokens"] == context_length(), (finish_reason, usage)


@check("langchain: invoke with the README's settings")
def invoke():
    message = llm.invoke(README_MESSAGES[1]["content"])
    check_message(message)
    equal(message.response_metadata["model_provider"], "openai")


@check("langchain: max_tokens=8000 ends with the context")
def clamp():
    message = llm.invoke(MESSAGES, extra_body={"ignore_eos": True})
    equal(message.response_metadata["finish_reason"], "length")
    equal(message.usage_metadata["total_tokens"], context_length())


@check("langchain: a greedy answer is the server's")
def greedy_answer():
    message = greedy.invoke(MESSAGES)
    body = {"model": "default", "temperature": 0, "max_tokens": 64, "messages": README_MESSAGES}
    answer = post("/chat/completions", body)
    equal(message.content, answer["choices"][0]["message"]["content"])
    equal(message.response_metadata["finish_reason"], answer["choices"][0]["finish_reason"])
    equal(message.usage_metadata["input_tokens"], answer["usage"]["prompt_tokens"])
    equal(message.usage_metadata["output_tokens"], answer["usage"]["completion_tokens"])
    equal(message.response_metadata["model_name"], answer["model"])


@check("langchain: stream")
def stream():
    chunks = list(greedy.stream(MESSAGES, stream_usage=True))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    message = greedy.invoke(MESSAGES)
    equal(whole.content, message.content)
    equal(whole.response_metadata["finish_reason"], message.response_metadata["finish_reason"])
    equal(whole.usage_metadata["output_tokens"], message.usage_metadata["output_tokens"])
    text_chunks = [chunk for chunk in chunks if chunk.content]
    assert len(text_chunks) > 1, "the text came in one piece"


@check("langchain: stream with the README's settings")
def sampled_stream():
    whole = None
    for chunk in llm.stream(README_MESSAGES[1]["content"]):
        whole = chunk if whole is None else whole + chunk
    assert whole.content.strip() != ""
    assert whole.response_metadata["finish_reason"] in ("stop", "length"), whole.response_metadata


@check("langchain: batch keeps the order")
def batch():
    questions = ["What is the capital of France?", "What is 3 + 4?", "List 3 countries and their capitals."]
    messages = greedy.batch(questions)
    equal([message.content for message in messages], [greedy.invoke(question).content for question in questions])
    if JUDGE_ANSWERS:
        assert "Paris" in messages[0].content and "7" in messages[1].content, messages
    for message in llm.batch(questions):
        check_message(message)


@check("langchain: ainvoke and astream")
async def asynchronous():
    message = await greedy.ainvoke(CAPITAL_MESSAGES)
    text = ""
    async for chunk in greedy.astream(CAPITAL_MESSAGES):
        text += chunk.content
    equal(text, message.content)


@check("langchain: its errors for an unknown model and for a prompt that is too long")
def errors():
    try:
        llm.model_copy(update={"model_name": "no-such-model"}).invoke("?")
        raise AssertionError("no NotFoundError")
    except openai.NotFoundError as error:
        equal(error.code, "model_not_found")
    try:
        llm.invoke("one two three " * context_length())
        raise AssertionError("no ContextOverflowError")
    except ContextOverflowError:
        pass


run_checks()
