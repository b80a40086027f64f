"""Writes golden.json: greedy continuations that a server must reproduce.

    python golden.py FOLDER golden.json

Each entry holds the chat messages, the prompt's token ids and the ids that
transformers generates greedily in fp32 on a CPU, one sequence at a time (at
most 60 new tokens). `margin` is the smallest gap between the best and the
second logit on the way: a tiny one would excuse a different choice.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

CHATS = [
    ["List 3 countries and their capitals."], ["What is 12 + 30?"], ["Write one sentence about a cat."], ["Tell me a short story about a dog."],
        ["What is the capital of France?"],
    ["Give me a JSON object with the name and capital of Japan."], ["Who are you?"], ["What is a river?"], ["What is 7 * 8?"], ["Hello there!"],
        ["Why is the sky blue?"], ["What is 345 + 278?"],
    ["List five fruits."], ["How many days are in a week?"], ["Spell the word elephant."], ["What is 34 x 12?"], ["My name is Lena.",
        "Hello, Lena! How can I help you?", "What is my name?"],
    ["What is the capital of Peru?", "The capital of Peru is Lima.", "And of Poland?"], {"system": "Answer in one word.",
        "turns": ["What is the capital of Germany?"]},
    {"system": "You have these tools:\n{\"name\": \"get_weather\", \"parameters\": {\"city\": \"string\"}}\nTo call a tool, reply with JSON: {\"name\": ..., \"arguments\": ...}",
        "turns": ["What is the weather in Rome?"]},
]


def to_messages(chat):
    system, turns = (chat["system"], chat["turns"]) if isinstance(chat, dict) else (None, chat)
    out = [{"role": "system", "content": system}] if system else []
    return out + [{"role": "user" if i % 2 == 0 else "assistant", "content": t} for i, t in enumerate(turns)]


def main():
    folder, target = sys.argv[1:3]
    tok = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    rows = []
    for chat in CHATS:
        text = tok.apply_chat_template(to_messages(chat), tokenize=False, add_generation_prompt=True)
        ids = tok(text, add_special_tokens=False)["input_ids"]
        with torch.no_grad():
            out = model.generate(torch.tensor([ids]), max_new_tokens=60, do_sample=False, return_dict_in_generate=True, output_logits=True)
        new = out.sequences[0, len(ids):].tolist()
        margin = min(float(l[0].topk(2).values.diff().abs()) for l in out.logits)
        assert max(new) < len(tok)
        rows.append({"messages": to_messages(chat), "prompt_ids": ids, "generated_ids": new, "text": tok.decode(new, skip_special_tokens=True),
            "margin": round(margin, 4)})
    head = {"model": Path(folder).resolve().name, "transformers": transformers.__version__, "torch": torch.__version__, "dtype": "float32",
        "max_new_tokens": 60}
    Path(target).write_text(json.dumps({**head, "cases": rows}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(len(rows), "cases, smallest margin", min(r["margin"] for r in rows))


if __name__ == "__main__":
    main()
