"""Shared tools of the task generators: phrasing, peaked choices, polite wrappers.

Three habits decide how well a small model learns from generated text:
many phrasings per task, answers that are nearly deterministic for greedy
decoding (see `take`), and one phrasing per task that is never trained, so that
evaluation measures understanding rather than recall (see `Gen.phrase`).
"""

import random
import re
import zlib
from dataclasses import dataclass, field


@dataclass
class Item:
    """One dialogue: user/assistant turns, and how to judge the last answer."""

    turns: list                  # [(question, answer), ...]
    gold: object = None          # what the check compares with; default: the last answer
    check: str = "contains"      # name of a check in checks.py
    system: str | None = None
    noise: str = "full"          # full: wrappers, lower case, typos; wrap: wrappers only; none
    fixed: bool = False          # True where turns belong together and nothing may come between
    extra: dict = field(default_factory=dict)

    def __post_init__(self):
        if self.gold is None:
            self.gold = self.turns[-1][1]


_ALT = re.compile(r"\[([^\[\]]*)\]")


class Gen:
    def __init__(self, seed: int, evaluating: bool = False):
        self.rng = random.Random(seed)
        self.evaluating = evaluating
        self.pick = self.rng.choice
        self.chance = lambda p: self.rng.random() < p
        self.int = self.rng.randint

    def expand(self, template: str) -> str:
        """'[List|Name] {n} birds[| please]' -> one of its readings; innermost brackets first."""
        while "[" in template:
            template = _ALT.sub(lambda m: self.pick(m.group(1).split("|")), template)
        return template

    def phrase(self, templates: list, **slots) -> str:
        """A phrasing of the task. The last template is held out for evaluation."""
        t = templates[-1] if self.evaluating else self.pick(templates[:-1])
        return self.expand(t).format(**slots)

    def say(self, *templates, **slots) -> str:
        """Any of the templates: for texts that are no held-out question."""
        return self.expand(self.pick(templates)).format(**slots)

    def operands(self, draw):
        """draw() until its value falls on our side of a 10 % hold-out by hash."""
        while True:
            value = draw()
            if (zlib.crc32(repr(value).encode()) % 10 == 0) == self.evaluating:
                return value

    def take(self, ordered: list, n: int, p: float = 0.72) -> list:
        """n items in their fixed order, each kept with probability p.

        Uniformly random lists teach greedy decoding to repeat itself; a fixed
        popularity order with gaps gives it one clear best next item.
        """
        out = [x for x in ordered if self.rng.random() < p][:n]
        for x in ordered:
            if len(out) >= n:
                break
            if x not in out:
                out.append(x)
        return out

    def person(self) -> str:
        """A first name; sometimes one that no list holds, so that names are copied rather than recalled."""
        from .vocab import NAMES
        from .words import made_up

        return self.pick(NAMES) if self.rng.random() < 0.88 else made_up(self, 1, 3).capitalize()

    def people(self, first=None) -> list:
        """Two different first names."""
        first = first or self.person()
        while (second := self.person()) == first:
            pass
        return [first, second]

    def peaked(self, ordered: list, p: float = 0.6):
        """One item, the first most often."""
        return self.take(ordered, 1, p)[0]

    def by_topic(self, topic: str, ordered: list, p: float = 0.85):
        """Mostly the same choice for the same topic, so that greedy answers vary by topic but stay peaked."""
        start = zlib.crc32(topic.encode()) % len(ordered)
        return ordered[start] if self.rng.random() < p else self.pick(ordered)


NUMBER_WORDS = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
                "sixteen seventeen eighteen nineteen").split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()


def in_words(n: int) -> str:
    if n < 20:
        return NUMBER_WORDS[n]
    if n < 100:
        return TENS[n // 10] + ("-" + NUMBER_WORDS[n % 10] if n % 10 else "")
    if n < 1000:
        return NUMBER_WORDS[n // 100] + " hundred" + (" and " + in_words(n % 100) if n % 100 else "")
    return in_words(n // 1000) + " thousand" + (" " + in_words(n % 1000) if n % 1000 else "")


def article(word: str) -> str:
    return "an" if word[0].lower() in "aeiou" and not word.startswith(("uni", "use", "eu", "one")) else "a"


def fix_articles(text: str) -> str:
    """Templates say 'a {k}'; this makes it 'an animal'."""
    return re.sub(r"\b([Aa]) (?=[aeio]|[AEIO][a-z]|un[^i])", r"\1n ", text)


def join_and(parts: list) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def plural(noun: str) -> str:
    from .vocab import IRREGULAR_PLURALS

    if noun in IRREGULAR_PLURALS:
        return IRREGULAR_PLURALS[noun]
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


_IMPERATIVE = """{c}|{c}|{c}|{c}|Please {l}|Please {l}|Can you {l}|Could you {l}|Would you {l}|I want you to {l}|I would like you to {l}
I need you to {l}|{c} Thanks.|{c} Thank you!|Now {l}|Hey, {l}|Hi! {c}|OK, {l}|Can you please {l}|Your task: {l}|Help me with this: {l}
Do this: {l}|Try to {l}|Could you please {l}|Hello, could you {l}|{c} Please.|Will you {l}|Go ahead and {l}|Next, {l}|I'd like you to {l}
Hello! {c}|Hi, please {l}|Okay, now {l}|Kindly {l}|Are you able to {l}|So, please {l}|It would help if you could {l}"""
_QUESTION = """{c}|{c}|{c}|{c}|{c}|Please tell me: {l}|Tell me, {l}|Quick question: {l}|I want to know: {l}|Hi, {l}|Hello! {c}|Hey, {l}
{c} Please answer.|I have a question. {c}|Question: {c}|So, {l}|Do you know {l}|Can you tell me {l}|Just wondering, {l}|{c} Thanks!
Hi! {c}|Ok, {l}|One question: {l}|I was wondering, {l}|Now tell me, {l}|Hmm, {l}|And {l}|Please answer this: {c}|My question is: {l}
Another question: {l}|I'd like to know: {l}|Could you tell me {l}|Hey! {c}|Next question: {l}|Answer this question: {c}"""
IMPERATIVE = _IMPERATIVE.replace("\n", "|").split("|")
QUESTION = _QUESTION.replace("\n", "|").split("|")
QUESTION_WORDS = set("What What's Which How Who Who's Where Is Are Do Does When Why Can In On At Whose".split())
VERBS = set("""List Name Give Write Tell Define Explain Describe Return Create Convert Extract Make Turn Calculate Compute Repeat
Say Spell Count Sort Put Alphabetize Uppercase Find Show Provide Produce Generate Use Add Reply Continue Compose Change Order Print
Build Format Subtract Multiply Divide Output Enumerate Work Share Pick Choose Think Solve Reverse Translate Summarize Compare
Recommend Suggest Capitalize Lowercase Complete Invent Mention Arrange Identify State Determine Split Take Prepare Help Draw Recite""".split())


def _typo(rng, text: str) -> str:
    """One slip in one lower-case word of five letters or more."""
    words = text.split(" ")
    places = [i for i, w in enumerate(words) if len(w) >= 5 and w.isalpha() and w.islower()]
    if not places:
        return text
    i = rng.choice(places)
    w, k = words[i], rng.randint(1, len(words[i]) - 2)
    words[i] = rng.choice([w[:k] + w[k + 1:], w[:k] + w[k] + w[k:], w[:k] + w[k + 1] + w[k] + w[k + 2:]])
    return " ".join(words)


def polish(g: Gen, q: str, noise: str) -> str:
    """Wraps a bare question the way people do: 'could you ...', lower case, no full stop, a typo."""
    if noise == "none" or not q or len(q) > 220 or "\n" in q:
        return q
    rng, first = g.rng, q.split()[0]
    if q[0].isalpha() and rng.random() < 0.62:
        wrappers = QUESTION if first in QUESTION_WORDS else IMPERATIVE if first in VERBS else None
        if wrappers:
            w = rng.choice(wrappers)
            keep = len(q) > 1 and q[1].isupper()
            q = w.format(c=q, l=q if keep else q[0].lower() + q[1:])
            if w.startswith(("Can you", "Could you", "Would you", "Will you", "Are you", "Hello, could")) and q.endswith("."):
                q = q[:-1] + "?"
    x = rng.random()
    if noise == "full" and x < 0.22:
        q = q.lower()
    elif x < 0.27 and ":" not in q and "hank" not in q and "lease" not in q:
        q = q.rstrip("?.") + (", please?" if q.endswith("?") else ", please.")
    if rng.random() < 0.22:
        q = q.rstrip("?.")
    if noise == "full" and rng.random() < 0.12:
        q = q.replace("What is", "What's").replace("what is", rng.choice(["what's", "whats"]))
    if noise == "full" and not g.evaluating and rng.random() < 0.03:
        q = _typo(rng, q)
    return q
