"""Looks for held-out questions and system prompts in what is trained: python check_held_out.py [DIALOGUES]

Names, numbers and things are replaced by placeholders first, so that a held-out
phrasing is found whatever it is about. Prints each with an example (see README.md).
"""

import re
import sys

from generator import vocab as v
from generator.core import Gen
from generator.mix import make
from generator.practice import PRACTICE

_KINDS = {"N": v.NAMES, "T": v.THINGS + v.CLOTHES + v.VEHICLES, "O": v.COUNTABLE, "C": v.COLORS, "D": v.DAYS, "P": v.PLACES,
    "R": v.FAMILY + ["friend", "teacher"]}
_WORD = {w.lower(): f"<{k}>" for k, words in _KINDS.items() for w in words}


def plain(text):
    words = re.findall(r"[\w.]+|[^\w\s]", re.sub(r"'s\b", " 's", text.lower()))
    return " " + " ".join("<0>" if w[0].isdigit() else _WORD.get(w.rstrip("."), w) for w in words if w not in ".?!,\"") + " "


class Recorder(Gen):
    """Notes the held-out phrasings that evaluation uses."""

    def __init__(self, seed):
        super().__init__(seed, evaluating=True)
        self.held_out = set()

    def phrase(self, templates, **slots):
        text = super().phrase(templates, **slots)
        if self.evaluating and "{t}" not in templates[-1] and len(text.split()) > 2:
            self.held_out.add(text)
        return text


def main():
    count, found = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, {}
    for task in PRACTICE:
        evaluation, training = Recorder(1), Gen(2)
        for _ in range(8000):
            make(evaluation, task)
        held_out = {plain(x): x for x in evaluation.held_out}
        lengths = sorted({len(x.split()) for x in held_out})
        for _ in range(count):
            item = make(training, task)
            for text in [item.system or "", *(q for q, _ in item.turns)]:
                words = plain(text).split()
                for n in lengths:
                    for at in range(len(words) - n + 1):
                        key = " " + " ".join(words[at:at + n]) + " "
                        if key in held_out:
                            found.setdefault((task, held_out[key]), text)
        print(task, len(held_out), "held-out phrasings", flush=True)
    for (task, phrase), text in found.items():
        print(f"{task}: {phrase!r} in {text!r}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
