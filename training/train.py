"""Generates dialogues on all cores, trains on one device, exports a checkpoint folder.

    python train.py --tokenizer TOKENIZER_FOLDER --out OUT_FOLDER --seconds 420
    python train.py ... --init OUT_FOLDER --learning-rate 1.2e-3 --seed 2   # second stage
    python train.py ... --smoke        # a few steps, for checking a machine

Only answers (and their end token) carry full loss; prompts carry a little, so
that the model also learns their form.
"""

import argparse
import json
import math
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from export import export, load_exported
from generator.core import Gen
from generator.mix import SHARES, dialogue
from model import CONFIG, Model

PROMPT_WEIGHT = 0.05
SHAPES = [(384, 256), (384, 256), (384, 256), (96, 1024)]  # (rows, length); most dialogues are short, as in use


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--tokenizer", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--seconds", type=float, default=420)
    p.add_argument("--total-seconds", type=float, default=math.inf, help="ends training early, so that making the data fits in as well")
    p.add_argument("--dialogues", type=int, default=3_000_000)
    p.add_argument("--learning-rate", type=float, default=2.5e-3)
    p.add_argument("--init", help="an exported folder to continue from")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--shard-bytes", type=int, default=0, help="0: one model.safetensors")
    p.add_argument("--emphasis", default="", help="task=factor,...: raises the share of tasks, for a short last stage")
    p.add_argument("--smoke", action="store_true")
    return p.parse_args()


def encode_dialogues(job):
    """Token ids and a mask of the answers, tokenised exactly as the chat template renders them."""
    count, seed, folder, shares = job
    tok, g = Tokenizer.from_file(str(Path(folder) / "tokenizer.json")), Gen(seed)
    bos, eos = CONFIG["bos_token_id"], CONFIG["eos_token_id"]
    ids, mask, starts = [], [], []
    for _ in range(count):
        system, turns = dialogue(g, shares)
        starts.append(len(ids))
        ids.append(bos)
        mask.append(0)
        prefix = system + "\n\n" if system else ""
        for q, a in turns:
            prompt = tok.encode(f"{prefix}User: {q}\n\nAssistant:", add_special_tokens=False).ids
            answer = tok.encode(" " + a, add_special_tokens=False).ids
            ids += prompt + answer + [eos]
            mask += [0] * len(prompt) + [1] * (len(answer) + 1)
            prefix = ""
    return np.array(ids, np.uint16), np.array(mask, np.uint8), np.array(starts, np.int64)


def make_data(args):
    workers = max(1, min(len(os.sched_getaffinity(0)), 16)) if not args.smoke else 2
    jobs = workers * 4
    factors = {t: float(f) for t, f in (x.split("=") for x in args.emphasis.split(",") if x)}
    shares = {t: s * factors.pop(t, 1) for t, s in SHARES.items()}
    assert not factors, f"unknown tasks: {factors}"
    with ProcessPoolExecutor(workers) as pool:
        parts = list(pool.map(encode_dialogues, [(args.dialogues // jobs + 1, args.seed * 100_000 + i, args.tokenizer, shares) for i in range(jobs)]))
    offsets = np.cumsum([0] + [len(p[0]) for p in parts[:-1]])
    return (np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]),
            np.concatenate([p[2] + o for p, o in zip(parts, offsets)]))


def learning_rate(base, step, done, warmup):
    """Warm-up, a flat quarter, cosine to 1 %; by share of the time budget."""
    shape = 1.0 if done < 0.25 else 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, (done - 0.25) / 0.75)))
    return base * min(1.0, (step + 1) / warmup) * shape


def train(args, data, device, process_start):
    ids, mask, starts = data
    shapes = [(16, 256), (4, 1024)] if device == "cpu" else SHAPES
    longest = max(t for _, t in shapes)
    starts = starts[starts + longest + 1 < len(ids)]
    ids, mask = torch.from_numpy(ids.astype(np.int32)).to(device), torch.from_numpy(mask).to(device)
    starts = torch.from_numpy(starts).to(device)
    torch.manual_seed(args.seed)
    torch.set_float32_matmul_precision("high")
    model = Model(CONFIG)
    if args.init:
        load_exported(model, Path(args.init))
    model = model.to(device)
    print("parameters", sum(p.numel() for p in model.parameters()), flush=True)
    groups = [{"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": 0.1},
              {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0}]
    opt = torch.optim.AdamW(groups, lr=args.learning_rate, betas=(0.9, 0.95), fused=device == "cuda")
    torch._dynamo.config.automatic_dynamic_shapes = False  # two fixed shapes, two graphs
    run = torch.compile(model) if device == "cuda" else model
    # Every row starts at the start of a dialogue, as every served prompt does.
    spans = [torch.arange(t + 1, device=device) for _, t in shapes]

    def step_once(step):
        k = step % len(shapes)
        at = starts[torch.randint(0, len(starts), (shapes[k][0], 1), device=device)] + spans[k]
        x, w = ids[at].long(), mask[at].float()
        with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
            loss, balance = run(x[:, :-1].contiguous(), x[:, 1:].contiguous(), w[:, 1:] * (1 - PROMPT_WEIGHT) + PROMPT_WEIGHT)
        (loss + 0.01 * balance).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        opt.zero_grad(set_to_none=True)
        return loss, balance

    for k in range(len(shapes)):  # compile before the clock starts; lr is still 0
        for group in opt.param_groups:
            group["lr"] = 0.0
        step_once(k)
    if device == "cuda":
        torch.cuda.synchronize()
    begin, step, seen, total = time.time(), 0, 0, 0.0
    seconds = min(args.seconds, args.total_seconds - (begin - process_start))
    while (done := (time.time() - begin) / seconds) < 1 and not (args.smoke and step >= 8):
        for group in opt.param_groups:
            group["lr"] = learning_rate(args.learning_rate, step, done, 200 if device == "cuda" else 10)
        loss, balance = step_once(step)
        seen += shapes[step % len(shapes)][0] * shapes[step % len(shapes)][1]
        step += 1
        if step % 50 == 0:
            total = loss.item()  # also keeps the host from running far ahead of the device
        if step % (400 if device == "cuda" else 20) == 0 or args.smoke:
            print(f"step {step} time {time.time() - begin:.0f}s loss {loss.item():.4f} balance {float(balance):.3f} lr {group['lr']:.2e} tokens/s {seen / (time.time() - begin):.0f}",
                flush=True)
    if device == "cuda":
        torch.cuda.synchronize()
    print(f"trained {step} steps, {seen / 1e6:.0f} M tokens, {time.time() - begin:.0f} s, last loss {total or loss.item():.4f}", flush=True)
    return model, {"steps": step, "tokens": seen, "seconds": round(time.time() - begin), "last_loss": round(loss.item(), 4)}


def main():
    args, begin = arguments(), time.time()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if args.smoke:
        args.dialogues = 2000
    data = make_data(args)
    print(f"{len(data[2])} dialogues, {len(data[0]) / 1e6:.1f} M tokens, {time.time() - begin:.0f} s", flush=True)
    model, log = train(args, data, device, begin)
    log.update(device=torch.cuda.get_device_name() if device == "cuda" else "cpu", torch=torch.__version__, seed=args.seed,
               dialogues=len(data[2]), data_tokens=len(data[0]), learning_rate=args.learning_rate, continued=bool(args.init))
    export(model, Path(args.out), args.shard_bytes)
    (Path(args.out) / "train-log.json").write_text(json.dumps(log, indent=1) + "\n")
    print(f"total {time.time() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main()
