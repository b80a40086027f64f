"""Causal attention of fresh prompts (kernels/hopper/attention-fresh.cu) against float64."""
import itertools
import random

import torch

from checks import TOLERANCE, relative_error, verify, verify_same
from fresh import HEAD, FreshCase


def fresh(suffix, counts, heads, decodes=0, padding=0, sharp=False):
    case = FreshCase(suffix, counts, heads, decodes, padding, sharp)
    few = counts if len(counts) < 9 else f"{len(counts)} sequences"
    name = f"fresh {suffix} H={heads} {few}, {decodes} before, {padding} behind{', sharp' if sharp else ''}"
    launch = case.launcher()
    launch()
    begin, end = case.firsts[decodes], case.firsts[-1]
    out, wanted = case.out[begin:end].clone(), case.wanted[begin:end]
    if end > begin:
        verify(name, relative_error(out, wanted), TOLERANCE[suffix] / 2)
        by_head = [x.double().unflatten(1, (heads, HEAD)) for x in (out, wanted)]
        difference = (by_head[0] - by_head[1]).norm(dim=-1) / by_head[1].norm(dim=-1).clamp_min(1e-6)
        verify(f"{name}: worst row", difference.max().item(), 2 * TOLERANCE[suffix])
    untouched = torch.cat((case.out[:begin], case.out[end:]))
    verify_same(f"{name}: rows of nobody", untouched, torch.full_like(untouched, float("nan")))
    case.out.fill_(float("nan"))
    launch()
    verify_same(f"{name}: second run", case.out[begin:end], out)


def isolation():
    """NaN in one sequence reaches no other, and within one no block of 64 tokens ahead of it."""
    for suffix, counts in (("bf16", [70, 33, 190, 1]), ("f16", [1, 129, 64, 200])):
        for victim in range(len(counts)):
            case = FreshCase(suffix, counts, 3)
            begin, end = case.firsts[victim], case.firsts[victim + 1]
            for x in (case.rows, case.rotary, case.keys, case.latents, case.values):
                x[begin:end] = float("nan")
            case.launcher()()
            whole = case.firsts[-1]
            others = torch.cat((torch.arange(begin), torch.arange(end, whole))).cuda()
            verify(f"isolation {suffix} {counts} {victim}", relative_error(case.out[others], case.wanted[others]), TOLERANCE[suffix] / 2)
            verify(f"isolation {suffix} {counts} {victim}: NaN stays", float((~case.out[begin:end].isnan()).sum()), 0)
        for count, at in itertools.product((300,), (64, 100, 130, 299)):
            case = FreshCase(suffix, [count], 3)
            case.values[at] = float("nan")
            case.launcher()()
            before, after = at // 64 * 64, slice(at, count)
            verify(f"isolation {suffix} of tokens before {at}", relative_error(case.out[:before], case.wanted[:before]), TOLERANCE[suffix] / 2)
            verify(f"isolation {suffix} of tokens from {at}: NaN stays", float((~case.out[after].isnan()).sum()), 0)


def run():
    rng = random.Random(7)
    for suffix in ("bf16", "f16"):
        for heads in (16, 3, 128):
            for count in (1, 2, 63, 64, 65, 127, 128, 129, 191, 192, 193, 255, 256, 257, 1000, 2048):
                fresh(suffix, [count], heads, padding=count % 3)
            fresh(suffix, [1000, 1, 129, 64, 300, 2], heads, padding=5)
            fresh(suffix, [1] * 9 + [100, 500, 37], heads, decodes=9)
            fresh(suffix, [1, 0, 0, 70, 0, 128, 0], heads, decodes=2, padding=40, sharp=True)
            fresh(suffix, [700, 900], heads, sharp=True)
            fresh(suffix, [rng.randrange(1, 200) for _ in range(75)], heads, padding=1)
        fresh(suffix, [8192], 16)
        fresh(suffix, [1024] * 8, 16)
        fresh(suffix, [rng.randrange(1, 30) for _ in range(300)] + [1500], 5, decodes=100, sharp=True)
    isolation()
