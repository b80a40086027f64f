"""The portable kernels against float64 on fresh random inputs, outputs and unused pages poisoned with NaN.
usage: test_portable.py FOLDER_OF_COMPILED_FILES"""
import itertools
import random
import sys
from pathlib import Path

import torch

from driver import Module, relative_error, structure

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
TOLERANCE = {"f32": 3e-6, "f16": 2e-3, "bf16": 1.2e-2}
NAN = float("nan")
results = {"passed": 0, "failed": 0}


def verify(name, error, bound):
    ok = error <= bound  # False for NaN
    results["passed" if ok else "failed"] += 1
    if not ok:
        print(f"FAILED {name}: relative error {error:.3g}, allowed {bound:.3g}", flush=True)


def rand(*shape, dtype=torch.float32):
    return torch.randn(*shape, device="cuda", dtype=torch.float64).to(dtype)


def poisoned(*shape, dtype):
    return torch.full(shape, NAN, device="cuda", dtype=dtype)


def rotated(x, cosine, sine):
    """x [..., rope] with interleaved pairs; cosine, sine [..., rope / 2]."""
    x0, x1 = x[..., 0::2], x[..., 1::2]
    return torch.stack((x0 * cosine - x1 * sine, x0 * sine + x1 * cosine), -1).flatten(-2)


def latent_write(module, suffix, tokens, heads, rank, rope):
    dtype = DTYPES[suffix]
    kv_offset, q_offset = 5, 3
    kv, q = rand(tokens, kv_offset + rank + rope + 2, dtype=dtype), rand(tokens, q_offset + heads * rope + 1, dtype=dtype)
    absorbed, weight = rand(heads, tokens, rank, dtype=dtype), rand(rank, dtype=dtype)
    angles = rand(tokens, rope // 2) * 100
    cosine, sine = angles.cos(), angles.sin()
    slots = torch.randperm(3 * tokens, device="cuda")[:tokens]
    slots[::7] = -1
    pool, query = poisoned(3 * tokens, rank + rope, dtype=dtype), poisoned(tokens, heads, rank + rope, dtype=dtype)
    shape = structure(numTokens=tokens, heads=heads, rank=rank, rope=rope, kvStride=kv.shape[1], kvOffset=kv_offset,
                      qStride=q.shape[1], qOffset=q_offset, epsilon=1e-6)
    module.launch(f"portableLatentWrite_{suffix}", (tokens,), 256, [kv, q, absorbed, weight, cosine, sine, slots, pool, query, shape])
    row = kv.double()[:, kv_offset:]
    normed = row[:, :rank] * torch.rsqrt(row[:, :rank].square().mean(-1, keepdim=True) + 1e-6) * weight.double()
    c, s = cosine.double(), sine.double()
    latent = torch.cat((normed, rotated(row[:, rank:rank + rope], c, s)), -1)
    rotary = q.double()[:, q_offset:q_offset + heads * rope].view(tokens, heads, rope)
    wanted = torch.cat((absorbed.double().transpose(0, 1), rotated(rotary, c[:, None], s[:, None])), -1)
    name = f"latentWrite {suffix} T={tokens} H={heads} {rank}+{rope}"
    stored = slots >= 0
    if stored.any():
        verify(f"{name} pool", relative_error(pool[slots[stored]], latent[stored]), TOLERANCE[suffix])
    untouched = torch.ones(len(pool), dtype=torch.bool, device="cuda")
    untouched[slots[stored]] = False
    verify(f"{name} other slots", 0.0 if pool[untouched].isnan().all() else 1.0, 0)
    verify(f"{name} query", relative_error(query, wanted), TOLERANCE[suffix])


def attention(module, suffix, sequences, heads, rank, rope, page, padding=0):
    """sequences: (cached tokens, new tokens) of each."""
    dtype, width = DTYPES[suffix], rank + rope
    counts = [new for _, new in sequences]
    tokens = sum(counts) + padding
    first = torch.tensor([0, *itertools.accumulate(counts)], dtype=torch.int32, device="cuda")
    context = torch.tensor([cached for cached, _ in sequences], dtype=torch.int32, device="cuda")
    pages = [-(-(cached + new) // page) for cached, new in sequences]
    max_blocks = max(1, *pages)
    total = sum(pages) + 3
    order = torch.randperm(total).tolist()
    pool = poisoned(total, page, width, dtype=dtype)
    table = torch.full((len(sequences), max_blocks), 2**30, dtype=torch.int32, device="cuda")
    query = rand(tokens, heads, width, dtype=dtype)
    out = poisoned(heads, tokens, rank, dtype=dtype)
    scale = 0.7 / width**0.5
    wanted = torch.zeros(heads, tokens, rank, device="cuda", dtype=torch.float64)
    for s, (cached, new) in enumerate(sequences):
        blocks = torch.tensor([order.pop() for _ in range(pages[s])], dtype=torch.long, device="cuda")
        table[s, :len(blocks)] = blocks.int()
        latents = rand(cached + new, width, dtype=dtype)
        rows = torch.arange(cached + new, device="cuda")
        pool[blocks[rows // page], rows % page] = latents
        q = query[first[s]:first[s + 1]].double().transpose(0, 1)  # [heads, new, width]
        scores = q @ latents.double().T * scale
        mask = torch.arange(cached + new, device="cuda")[None] > cached + torch.arange(new, device="cuda")[:, None]
        scores.masked_fill_(mask, float("-inf"))
        wanted[:, first[s]:first[s + 1]] = scores.softmax(-1) @ latents.double()[:, :rank]
    shape = structure(numTokens=tokens, numSequences=len(sequences), heads=heads, rank=rank, rope=rope, pageSize=page,
                      maxBlocks=max_blocks, scale=float(scale))
    warps = 8
    module.launch(f"portableAttention_{suffix}", (tokens, heads), 32 * warps, [query, pool, first, context, table, out, shape],
                  shared=4 * (width + warps * (rank + 2)))
    verify(f"attention {suffix} {sequences} H={heads} {rank}+{rope} page {page}", relative_error(out, wanted), TOLERANCE[suffix])


def experts(module, suffix, tokens, count, top_k, hidden, inter, groups=0, top_groups=0, normalize=0, scale=1.0):
    dtype = DTYPES[suffix]
    weight_type = torch.float32 if suffix == "f32" else torch.float16
    x, logits = rand(tokens, hidden, dtype=dtype), rand(tokens, count) * 2
    gate_up = (rand(count, 2 * inter, hidden) / hidden**0.5).to(weight_type)
    down = (rand(count, hidden, inter) / inter**0.5).to(weight_type)
    ids = torch.full((tokens, top_k), -1, dtype=torch.int32, device="cuda")
    weights = poisoned(tokens, top_k, dtype=torch.float32)
    h, y = poisoned(tokens * top_k, inter, dtype=torch.float32), poisoned(tokens, hidden, dtype=dtype)
    module.launch("portableRoute", (tokens,), 32, [logits, ids, weights, structure(numTokens=tokens, experts=count, topK=top_k,
                  groups=groups, topGroups=top_groups, normalize=normalize, scale=float(scale))], shared=4 * (2 * count + groups))
    shape = structure(numTokens=tokens, experts=count, topK=top_k, hidden=hidden, inter=inter)
    module.launch(f"portableExpertUp_{suffix}", (-(-inter // 8), tokens * top_k), 256, [x, ids, gate_up, h, shape])
    module.launch(f"portableExpertDown_{suffix}", (-(-hidden // 8), tokens), 256, [h, ids, weights, down, y, shape])

    scores = logits.double().softmax(-1)
    allowed = scores
    if groups:
        best = scores.view(tokens, groups, -1).amax(-1)
        kept = torch.zeros_like(best).scatter_(1, best.topk(top_groups).indices, 1)
        allowed = scores * kept.repeat_interleave(count // groups, 1)
    top, chosen = allowed.topk(top_k)
    top = top / top.sum(-1, keepdim=True) if normalize else top * scale
    name = f"experts {suffix} T={tokens} E={count} k={top_k} {hidden}x{inter} groups {groups}/{top_groups}"
    verify(f"{name} ids", 0.0 if torch.equal(ids.long().sort(-1).values, chosen.sort(-1).values) else 1.0, 0)
    verify(f"{name} weights", relative_error(weights.sort(-1).values, top.sort(-1).values), 3e-6)
    wanted = torch.zeros(tokens, hidden, device="cuda", dtype=torch.float64)
    for t in range(tokens):
        for k in range(top_k):
            e = chosen[t, k]
            both = gate_up[e].double() @ x[t].double()
            wanted[t] += top[t, k] * (down[e].double() @ (torch.nn.functional.silu(both[0::2]) * both[1::2]))
    verify(f"{name} y", relative_error(y, wanted), TOLERANCE[suffix])


def main():
    folder = Path(sys.argv[1])
    write, attend, expert = (Module(folder / f"portable-{name}.ptx") for name in ("latent-write", "attention", "experts"))
    print(torch.cuda.get_device_name(), flush=True)
    sizes = [(3, 28, 6), (4, 32, 8), (8, 96, 16), (16, 512, 64), (128, 512, 64)]
    rng = random.Random(5)
    for suffix in DTYPES:
        for heads, rank, rope in sizes:
            for tokens in (1, 7, 64, 300):
                latent_write(write, suffix, tokens, heads, rank, rope)
            for page in (16, 64):
                attention(attend, suffix, [(0, 1)], heads, rank, rope, page)
                attention(attend, suffix, [(0, 5), (17, 1), (64, 1), (63, 3), (0, 0), (200, 8)], heads, rank, rope, page, padding=3)
                attention(attend, suffix, [(rng.randrange(700), rng.randrange(1, 40)) for _ in range(9)], heads, rank, rope, page)
            attention(attend, suffix, [(3000, 2)], heads, rank, rope, 64)
        for tokens in (1, 2, 19):
            experts(expert, suffix, tokens, 7, 2, 60, 22)
            experts(expert, suffix, tokens, 12, 4, 48, 16, groups=4, top_groups=2, scale=16.0)
            experts(expert, suffix, tokens, 16, 4, 320, 80, normalize=1)
            experts(expert, suffix, tokens, 64, 6, 2048, 1408)
            experts(expert, suffix, tokens, 160, 6, 512, 96, groups=8, top_groups=3, scale=16.0)
    torch.cuda.synchronize()
    print(f"{results['passed']} passed, {results['failed']} failed")
    sys.exit(1 if results["failed"] else 0)


main()
