"""Counts the free prompts that the generator produces word for word (case and end marks aside).

    python check_overlap.py free_prompts.json [DIALOGUES]
"""

import json
import re
import sys
from pathlib import Path

from generator.core import Gen
from generator.mix import dialogue

plain = lambda text: re.sub(r"[\s.?!]+$", "", text.lower()).strip()


def main():
    prompts = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["prompts"]
    wanted, found, g = {plain(p["prompt"]): p for p in prompts}, set(), Gen(100_000)
    for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000):
        for q, _ in dialogue(g)[1]:
            if (key := plain(q)) in wanted:
                found.add(key)
    for scope in ("in", "out"):
        hit = [k for k in found if wanted[k]["scope"] == scope]
        print(scope, len(hit), "of", sum(p["scope"] == scope for p in prompts), "occur word for word:", sorted(hit))


if __name__ == "__main__":
    main()
