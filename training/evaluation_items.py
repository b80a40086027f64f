"""The held-out items of the evaluation. Needs Python alone.

    python evaluation_items.py [--items 16] [--seed N] > items.json

As JSON: for each item its task, the messages of its prompt and how many tokens an answer may have.
"""

import argparse
import json

from generator.core import Gen
from generator.mix import SHARES, make, messages

SEED = 20261125
LONG = {"stories": 170, "country_lists": 170, "lists": 130, "small_texts": 90, "json": 130, "memory": 120, "facts": 110, "general_facts": 110,
    "system_prompts": 110, "tool_calls": 110, "text_ops": 90}


def new_tokens(task):
    return LONG.get(task, 64)


def prompt(system, turns):
    """The messages of a dialogue without its last answer."""
    return messages(system, turns)[:-1] if turns[-1][1] is not None else messages(system, turns)


def held_out(task, count, seed=SEED):
    g = Gen(seed, evaluating=True)
    items, seen = [], set()
    for _ in range(count * 40):
        item = make(g, task)
        key = (item.system, item.turns[-1][0].lower().rstrip(" .?!"), len(item.turns))
        if key not in seen:  # small tables repeat soon
            seen.add(key)
            items.append(item)
        if len(items) == count:
            break
    return items


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--items", type=int, default=16, help="of each task")
    p.add_argument("--seed", type=int, default=SEED, help="draws other names, values and operands")
    args = p.parse_args()
    rows = [{"task": task, "messages": prompt(item.system, item.turns), "max_tokens": new_tokens(task)}
        for task in SHARES for item in held_out(task, args.items, args.seed)]
    print(json.dumps(rows, ensure_ascii=False))


if __name__ == "__main__":
    main()
