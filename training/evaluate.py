"""Scores a checkpoint folder with transformers, greedy decoding, held-out items only.

    python evaluate.py FOLDER [--items 60] [--out eval-results.json]
    python evaluate.py FOLDER --prompts free_prompts.json --out free-prompts-results.json

Per task, the phrasing core, one tenth of the operand pairs and all names and
values (by seed) were never trained. Facts themselves cannot be held out.
"""

import argparse
import json
import re
import time
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from evaluation_items import SEED, held_out, new_tokens, prompt
from generator.checks import judge
from generator.mix import SHARES


class Runner:
    """Left-padded batches through transformers' own generate()."""

    def __init__(self, folder, device, batch=48):
        self.tok = AutoTokenizer.from_pretrained(folder)
        self.tok.padding_side = "left"
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).to(device).eval()
        self.device, self.batch = device, batch
        self.allowed = len(self.tok)  # ids above the tokenizer's last are padding

    def render(self, system, turns):
        return self.tok.apply_chat_template(prompt(system, turns), tokenize=False, add_generation_prompt=True)

    def answer(self, prompts, new_tokens):
        out = [None] * len(prompts)
        order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))  # similar lengths together: little padding
        for at in range(0, len(order), self.batch):
            group = order[at:at + self.batch]
            enc = self.tok([prompts[i] for i in group], return_tensors="pt", padding=True, add_special_tokens=False).to(self.device)
            with torch.no_grad():
                ids = self.model.generate(**enc, max_new_tokens=new_tokens, do_sample=False, suppress_tokens=list(range(self.allowed,
                    self.model.config.vocab_size)))
            for i, row in zip(group, ids[:, enc["input_ids"].shape[1]:]):
                out[i] = self.tok.decode(row, skip_special_tokens=True).strip()
        return out


def score_tasks(runner, count, tasks, seed):
    scores, misses = {}, []
    for task in tasks:
        items = held_out(task, count, seed)
        answers = runner.answer([runner.render(i.system, i.turns) for i in items], new_tokens(task))
        right = [judge(a, i) for a, i in zip(answers, items)]
        scores[task] = {"score": round(sum(right) / len(items), 3), "items": len(items)}
        for ok, a, i in zip(right, answers, items):
            if not ok:
                misses.append({"task": task, "system": i.system, "turns": [q for q, _ in i.turns], "expected": i.turns[-1][1], "answer": a})
        print(f"{task:16s} {scores[task]['score']:.3f}  ({len(items)})", flush=True)
    return scores, misses


def score_prompts(runner, path):
    prompts = json.loads(Path(path).read_text(encoding="utf-8"))["prompts"]
    rendered = [runner.tok.apply_chat_template([{"role": "user", "content": p["prompt"]}], tokenize=False,
        add_generation_prompt=True) for p in prompts]
    rows = []
    for p, a in zip(prompts, runner.answer(rendered, 200)):
        ok = all(re.search(e, a, re.I | re.S) for e in p["expect"]) and not (p.get("reject") and re.search(p["reject"], a, re.I))
        rows.append({"scope": p["scope"], "prompt": p["prompt"], "answer": a, "ok": ok})
    rate = lambda scope: round(sum(r["ok"] for r in rows if r["scope"] == scope) / max(1, sum(r["scope"] == scope for r in rows)), 3)
    return {"in_scope": rate("in"), "out_of_scope": rate("out"), "overall": round(sum(r["ok"] for r in rows) / len(rows), 3), "answers": rows}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("folder")
    p.add_argument("--items", type=int, default=60)
    p.add_argument("--seed", type=int, default=SEED, help="draws other names, values and operands")
    p.add_argument("--tasks", default="")
    p.add_argument("--prompts")
    p.add_argument("--out")
    p.add_argument("--misses", help="file for the wrong answers")
    args = p.parse_args()
    begin = time.time()
    runner = Runner(args.folder, "cuda" if torch.cuda.is_available() else "cpu")
    if args.prompts:
        result = score_prompts(runner, args.prompts)
        for r in result["answers"]:
            print(("ok   " if r["ok"] else "MISS ") + r["scope"], "|", r["prompt"], "->", r["answer"].replace("\n", " / "))
        print({k: v for k, v in result.items() if k != "answers"})
    else:
        scores, misses = score_tasks(runner, args.items, args.tasks.split(",") if args.tasks else list(SHARES), args.seed)
        mean = round(sum(s["score"] for s in scores.values()) / len(scores), 4)
        result = {"seed": args.seed, "mean": mean, "tasks": scores}
        print("mean", mean, "seconds", round(time.time() - begin))
        if args.misses:
            Path(args.misses).write_text(json.dumps(misses, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if args.out:
        Path(args.out).write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
