"""Checks that the Rust and the JavaScript tokenizer libraries give the same ids for our tokenizer.

    python check_tokenizer.py FOLDER JS_PROJECT   # JS_PROJECT/node_modules holds @huggingface/tokenizers

Compares several thousand generated, multilingual and random strings.
"""

import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from tokenizers import Tokenizer

from generator.core import Gen
from generator.mix import dialogue
from generator.refusals import FOREIGN

JS = """
const fs = require('fs');
const { Tokenizer } = require('@huggingface/tokenizers');
const [folder, input, output] = process.argv.slice(1);
const read = (f) => JSON.parse(fs.readFileSync(f, 'utf8'));
const tok = new Tokenizer(read(folder + '/tokenizer.json'), read(folder + '/tokenizer_config.json'));
const out = read(input).map((t) => { const ids = tok.encode(t, { add_special_tokens: false }).ids; return [ids, ids.length ? tok.decode(ids, { skip_special_tokens: false, clean_up_tokenization_spaces: false }) : '']; });
fs.writeFileSync(output, JSON.stringify(out));
"""
CODE = ["def f(x):\n    return x**2 # ½ ² ① １２ ١٢", "a\r\n\r\nb\t\tc  ", "   ", "\n\n\n", "{\"a\": [1, 2.5, -3e10]}", "x<｜end▁of▁sentence｜>y",
    "naïve café ÅÄÖ ﬁ", "👩‍👩‍👧‍👦 🇫🇷 👍🏽", "e\u0301 \u0301x", "\u200b\u00a0\u3000 x\u2028y", "ไทย ភាសា 한국어 日本語 中文,。！", "don't  stop 100%$",
    "İstanbul ẞ ǅ Ⅷ"]


def strings():
    rng, g, out = random.Random(7), Gen(4321), list(CODE) + FOREIGN
    while len(out) < 2600:
        system, turns = dialogue(g)
        out += ([system] if system else []) + [f"User: {q}\n\nAssistant: {a}" for q, a in turns]
    ranges = [(32, 126), (32, 126), (160, 591), (880, 1279), (0x4E00, 0x4FFF), (0xAC00, 0xAD00), (0x2000, 0x206F), (0x1F300, 0x1F650), (0x0600,
        0x06FF), (0x0900, 0x0E7F), (0, 0x2FFF)]
    for _ in range(2400):
        text = ""
        for _ in range(rng.randint(1, 12)):
            a, b = rng.choice(ranges)
            text += "".join(chr(rng.randint(a, b)) for _ in range(rng.randint(1, 4))) + rng.choice(["", " ", "  ", "\n", "7"])
        out.append(text)
    return out


def main():
    folder, project = sys.argv[1:3]
    texts = strings()
    tok = Tokenizer.from_file(f"{folder}/tokenizer.json")
    with tempfile.TemporaryDirectory() as tmp:
        source, result = Path(tmp) / "in.json", Path(tmp) / "out.json"
        source.write_text(json.dumps(texts))
        subprocess.run(["node", "-e", JS, str(Path(folder).resolve()), str(source), str(result)], check=True, cwd=project)
        other = json.loads(result.read_text())
    ids = [e.ids for e in tok.encode_batch(texts, add_special_tokens=False)]
    wrong = [(t, a, b[0]) for t, a, b in zip(texts, ids, other) if a != b[0]]
    lost = [t for t, a, b in zip(texts, ids, other) if tok.decode(a, skip_special_tokens=False) != b[1] or b[1] != t]
    for t, a, b in wrong[:5]:
        print(repr(t), a, b)
    print(f"{len(texts)} strings: {len(wrong)} with different ids, {len(lost)} that do not decode to themselves in both")
    sys.exit(1 if wrong or lost else 0)


if __name__ == "__main__":
    main()
