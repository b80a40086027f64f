"""Prints generated dialogues: python -m generator.sample [TASK] [COUNT] [eval]"""

import sys

from .checks import judge
from .core import Gen
from .mix import SHARES, make

if __name__ == "__main__":
    names = [sys.argv[1]] if len(sys.argv) > 1 and sys.argv[1] != "all" else list(SHARES)
    g = Gen(int(sys.argv[4]) if len(sys.argv) > 4 else 1, "eval" in sys.argv)
    for name in names:
        for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 3):
            item = make(g, name)
            print(f"--- {name}{'' if judge(item.turns[-1][1], item) else '  !! CHECK FAILS ON THE REFERENCE'}")
            if item.system:
                print("[system]", item.system)
            for q, a in item.turns:
                print("Q:", q, "\nA:", a)
