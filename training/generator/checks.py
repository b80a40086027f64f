"""How evaluation judges an answer. Each check is check(answer, item) -> bool."""

import json
import re


def contains(answer, item):
    gold = item.gold if isinstance(item.gold, (list, tuple)) else [item.gold]
    return all(re.search(r"(?<!\w)" + re.escape(str(x).lower()) + r"(?!\w)", answer.lower()) for x in gold)


def has(answer, item):
    return str(item.gold) in answer


def one_of(answer, item):
    return answer.rstrip(".").lower() in {str(x).lower() for x in item.gold}


def one_of_jokes(answer, item):
    return answer in item.gold


def exact(answer, item):
    return answer == item.gold


def last_number(answer, item):
    """The last number of the answer is the result, whatever is said before."""
    numbers = re.findall(r"-?\d+(?:\.\d+)?", answer)
    return bool(numbers) and numbers[-1] == str(item.gold)


def starts(answer, item):
    return answer.lower().startswith(str(item.gold).lower())


def as_json(answer, item):
    try:
        value = json.loads(answer)
    except ValueError:
        return False
    return value == item.gold and (not isinstance(value, dict) or list(value) == list(item.gold))


def list_lines(answer):
    return [re.sub(r"^(\d+\.|-|\*)\s+", "", line) for line in answer.split("\n")]


def list_of(answer, item):
    """n different members of the asked kind, in the asked layout."""
    from .lists import KINDS

    style, n, kind = item.extra["style"], item.gold["n"], item.gold["kind"]
    if style == "json":
        try:
            things = json.loads(answer)
        except ValueError:
            return False
    elif style == "comma":
        things = answer.rstrip(".").split(", ")
    else:
        mark = r"\d+\. " if style == "number" else r"- "
        if not all(re.match(mark, line) for line in answer.split("\n")):
            return False
        things = list_lines(answer)
    allowed = set(KINDS[kind])
    return isinstance(things, list) and len(things) == n == len(set(things)) and all(x in allowed for x in things)


def country_lines(answer, item):
    """n different countries of the asked region, each with its right capital, currency, ..."""
    from .countries import BY_NAME

    field, n, region = item.extra["field"], item.gold["n"], item.gold["region"]
    pairs = [line.split(" - ") for line in list_lines(answer)]
    if len(pairs) != n or any(len(p) != 2 for p in pairs) or len({p[0] for p in pairs}) != n:
        return False
    for name, value in pairs:
        c = BY_NAME.get(name)
        if not c or c[field] != value or (region and region not in (c["continent"], c["area"])):
            return False
    return True


def country_rows(answer, item):
    from .countries import BY_NAME

    try:
        rows = json.loads(answer)
        return len(rows) == item.gold == len({r["name"] for r in rows}) and all(BY_NAME[r["name"]]["capital"] == r["capital"] for r in rows)
    except (ValueError, KeyError, TypeError):
        return False


def prose(answer, item):
    """Names every asked word, ends like a sentence, has the asked number of sentences (0: any above two)."""
    count = len(re.findall(r"[.!?]+\"?(?=\s|$)", answer))
    want = item.extra.get("sentences")
    good_end = answer[-1:] in ".!?\""
    good_count = want is None or (count == want if want else count > 2)
    words = item.gold if isinstance(item.gold, list) else [item.gold]
    return good_end and good_count and all(str(w).lower() in answer.lower() for w in words)


def judge(answer: str, item) -> bool:
    return bool(globals()[item.check](answer.strip(), item))
