"""Puts the tasks together: shares, multi-turn conversations, system prompts."""

from . import arithmetic, chat, countries, facts, json_tasks, lists, memory, reading, refusals, system_prompts, text_ops, tools, word_problems, words, writing
from .core import Gen, Item, polish
from .practice import PRACTICE

TASKS = {}
for _module in (countries, lists, arithmetic, word_problems, facts, words, text_ops, writing, json_tasks, reading, memory, chat, system_prompts,
    tools, refusals):
    TASKS.update(_module.TASKS)

# Share of each task in percent of the generated dialogues.
SHARES = {
    "countries": 9, "country_lists": 5, "lists": 7, "sums": 8, "products": 5, "other_math": 3, "long_products": 1.5, "too_big": 0.7, "comparisons": 5,
    "word_problems": 7, "facts": 3.4, "general_facts": 2.6, "definitions": 7, "unknown_words": 1, "opposites": 2, "word_forms": 2, "categories": 1,
    "text_ops": 7.5, "letter_games": 2.5,
    "sentences": 4, "stories": 2.5, "small_texts": 1, "json": 8, "reading": 6, "memory": 6, "chat": 5.5, "system_prompts": 6, "tool_calls": 5,
    "out_of_scope": 8, "unknown_country": 1.6, "not_english": 1.2, "gibberish": 0.7,
}
assert set(SHARES) == set(TASKS), set(SHARES) ^ set(TASKS)
# Tasks that may stand between others in one conversation.
_SINGLE = [n for n in SHARES if n not in ("memory", "system_prompts", "tool_calls")]
_SINGLE_WEIGHTS = [SHARES[n] for n in _SINGLE]


def make(g: Gen, task: str) -> Item:
    table = TASKS[task]
    if not g.evaluating and task in PRACTICE and g.chance(PRACTICE[task][0]):
        table = PRACTICE[task][1]
    functions, weights = zip(*table)
    item = g.rng.choices(functions, weights)[0](g)
    item.turns = [(polish(g, q, item.noise), a.replace("D.C..", "D.C.")) for q, a in item.turns]
    return item


def small_talk(g: Gen):
    """One short question and answer of any plain task, as filling between other turns."""
    task = g.pick(["countries", "countries", "sums", "products", "facts", "general_facts", "opposites", "chat",
        "comparisons"] + ([] if g.evaluating else ["definitions", "lists", "sentences", "out_of_scope"]))
    was, g.evaluating = g.evaluating, False  # the filling is context, not the question under test
    item = make(g, task)
    g.evaluating = was
    return item.turns[-1]


def dialogue(g: Gen, shares: dict = SHARES):
    """One training dialogue: (system or None, turns)."""
    item = make(g, g.rng.choices(list(shares), list(shares.values()))[0])
    system, turns = item.system, list(item.turns)
    if system is None:
        if g.chance(0.3):  # a longer conversation of unrelated questions
            for _ in range(g.pick([1, 1, 2, 2, 3, 4, 6, 9])):
                turns += make(g, g.rng.choices(_SINGLE, _SINGLE_WEIGHTS)[0]).turns
            if not item.fixed and g.chance(0.5):
                turns = turns[len(item.turns):] + item.turns
        if g.chance(0.18):
            system = system_prompts.neutral(g)
    return system, turns


def messages(system, turns):
    """OpenAI-style messages, for the chat template."""
    out = [{"role": "system", "content": system}] if system else []
    for q, a in turns:
        out += [{"role": "user", "content": q}, {"role": "assistant", "content": a}]
    return out
