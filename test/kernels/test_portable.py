"""The portable kernels against float64 on fresh random inputs, outputs and unused pages poisoned with NaN."""
import itertools
import random

import torch

from checks import DTYPES, TOLERANCE, poisoned, rand, relative_error, verify, verify_same
from driver import Module, structure
from paged import AttentionCase, LatentWriteCase
from quantized import dequantize, quantize


def latent_write(module, suffix, tokens, heads, rank, rope):
    case = LatentWriteCase(suffix, tokens, heads, rank, rope)
    shape = structure(numTokens=tokens, heads=heads, rank=rank, rope=rope, kvStride=case.kv.shape[1], kvOffset=case.kv_offset,
                      qStride=case.q.shape[1], qOffset=case.q_offset, epsilon=1e-6)

    def launch(kernel, pool):
        module.launch(f"{kernel}_{suffix}", (tokens,), 256, [case.kv, case.q, case.weight, case.cosine, case.sine, case.slots, pool,
                                                             case.rotary, shape])
    name = f"latentWrite {suffix} T={tokens} H={heads} {rank}+{rope}"
    verify_latent_write(name, case, TOLERANCE[suffix], launch, "portableLatentWrite")


def verify_latent_write(name, case, tolerance, launch, kernel):
    """launch: runs a kernel on the case with the pool given."""
    launch(kernel, case.pool)
    stored = case.slots >= 0
    if stored.any():
        verify(f"{name} pool", relative_error(case.pool[case.slots[stored]], case.latents[stored]), tolerance)
    untouched = torch.ones(len(case.pool), dtype=torch.bool, device="cuda")
    untouched[case.slots[stored]] = False
    verify(f"{name} other slots", 0.0 if case.pool[untouched].isnan().all() else 1.0, 0)
    verify(f"{name} rotary", relative_error(case.rotary, case.wanted), tolerance)

    rotary = case.rotary.clone()
    for code, rows in case.coded.items():
        case.rotary.fill_(float("nan"))
        launch(f"{kernel}{code.capitalize()}", case.coded_pools[code])
        verify_same(f"{name} rotary beside {code}", case.rotary, rotary)
        wanted = rows.empty(len(case.pool))
        wanted[case.slots[stored]] = rows.quantised(case.pool[case.slots[stored]])
        verify(f"{name} {code}, bytes that differ", float((case.coded_pools[code] != wanted).sum()), 0)
    case.kv[0] = float("nan")
    case.slots.fill_(-1)
    case.slots[0] = 0
    for code, rows in case.coded.items():
        launch(f"{kernel}{code.capitalize()}", case.coded_pools[code])
        verify(f"{name} {code} of what is no number", float((~rows.values(case.coded_pools[code][:1]).isnan()).sum()), 0)


def attention(module, suffix, sequences, heads, rank, rope, page, padding=0, code=None):
    case = AttentionCase(suffix, sequences, heads, rank, rope, page, padding, code=code)
    out = poisoned(heads, case.tokens, rank, dtype=DTYPES[suffix])
    shape = structure(numTokens=case.tokens, numSequences=len(sequences), heads=heads, rank=rank, rope=rope, pageSize=page,
                      maxBlocks=case.max_blocks, scale=float(case.scale))
    warps = 8
    module.launch(f"portableAttention{(code or '').capitalize()}_{suffix}", (case.tokens, heads), 32 * warps,
                  [case.absorbed, case.rotary, case.pool, case.first, case.context, case.table, out, shape],
                  shared=4 * (rank + rope + warps * (rank + 2)))
    name = f"attention {suffix}{f' {code}' if code else ''} {sequences} H={heads} {rank}+{rope} page {page}"
    verify(name, relative_error(out, case.wanted), TOLERANCE[suffix])


def experts(modules, suffix, tokens, count, top_k, hidden, inter, groups=0, top_groups=0, normalize=0, scale=1.0, shared=0, int8=False):
    module, module_int8 = modules
    dtype = DTYPES[suffix]
    weight_type = torch.float32 if suffix == "f32" else torch.float16
    x, logits = rand(tokens, hidden, dtype=dtype), rand(tokens, count) * 2
    all, choices = count + shared, top_k + shared
    gate_up = (rand(all, 2 * inter, hidden) / hidden**0.5).to(weight_type)
    down = (rand(all, hidden, inter) / inter**0.5).to(weight_type)
    ids = torch.full((tokens, choices), -7, dtype=torch.int32, device="cuda")
    weights = poisoned(tokens, choices, dtype=torch.float32)
    h, y = poisoned(tokens * choices, inter, dtype=torch.float32), poisoned(tokens, hidden, dtype=dtype)
    module.launch("portableRoute", (tokens,), 32, [logits, ids, weights, structure(numTokens=tokens, experts=count, topK=top_k, shared=shared,
                  groups=groups, topGroups=top_groups, normalize=normalize, scale=float(scale))], shared=4 * (2 * count + groups))
    shape = structure(numTokens=tokens, experts=all, topK=choices, hidden=hidden, inter=inter)
    up_grid, down_grid = (tokens * choices, -(-inter // 8)), (tokens, -(-hidden // 8))
    if int8:
        (up_codes, up_scales), (down_codes, down_scales) = quantize(gate_up), quantize(down)
        gate_up, down = dequantize(up_codes, up_scales), dequantize(down_codes, down_scales)
        module_int8.launch(f"portableInt8Up_{suffix}", up_grid, 256, [x, ids, up_codes, up_scales, h, shape])
        module_int8.launch(f"portableInt8Down_{suffix}", down_grid, 256, [h, ids, weights, down_codes, down_scales, y, shape])
    else:
        module.launch(f"portableExpertUp_{suffix}", up_grid, 256, [x, ids, gate_up, h, shape])
        module.launch(f"portableExpertDown_{suffix}", down_grid, 256, [h, ids, weights, down, y, shape])

    scores = logits.double().softmax(-1)
    allowed = scores
    if groups:
        best = scores.view(tokens, groups, -1).amax(-1)
        kept = torch.zeros_like(best).scatter_(1, best.topk(top_groups).indices, 1)
        allowed = scores * kept.repeat_interleave(count // groups, 1)
    top, chosen = allowed.topk(top_k)
    top = top / top.sum(-1, keepdim=True) if normalize else top * scale
    top = torch.cat([top, top.new_ones(tokens, shared)], -1)
    chosen = torch.cat([chosen, torch.arange(count, all, device="cuda").expand(tokens, -1)], -1)
    name = f"experts{' int8' if int8 else ''} {suffix} T={tokens} E={count}+{shared} k={top_k} {hidden}x{inter} groups {groups}/{top_groups}"
    verify(f"{name} ids", 0.0 if torch.equal(ids.long().sort(-1).values, chosen.sort(-1).values) else 1.0, 0)
    verify(f"{name} weights", relative_error(weights.sort(-1).values, top.sort(-1).values), 3e-6)
    wanted = torch.zeros(tokens, hidden, device="cuda", dtype=torch.float64)
    for t in range(tokens):
        for k in range(choices):
            e = chosen[t, k]
            both = gate_up[e].double() @ x[t].double()
            wanted[t] += top[t, k] * (down[e].double() @ (torch.nn.functional.silu(both[0::2]) * both[1::2]))
    verify(f"{name} y", relative_error(y, wanted), TOLERANCE[suffix])


def experts_beside_nan(module, suffix, count, top_k, groups, top_groups):
    """A token that is NaN changes no other, and reads no memory that is not its own."""
    tokens, hidden, inter, bad = 5, 60, 22, 2
    weight_type = torch.float32 if suffix == "f32" else torch.float16
    gate_up, down = rand(count, 2 * inter, hidden).to(weight_type), rand(count, hidden, inter).to(weight_type)
    x, logits = rand(tokens, hidden, dtype=DTYPES[suffix]), rand(tokens, count) * 2

    def compute():
        ids = torch.full((tokens, top_k), -1, dtype=torch.int32, device="cuda")
        weights = poisoned(tokens, top_k, dtype=torch.float32)
        h, y = poisoned(tokens * top_k, inter, dtype=torch.float32), poisoned(tokens, hidden, dtype=DTYPES[suffix])
        module.launch("portableRoute", (tokens,), 32, [logits, ids, weights, structure(numTokens=tokens, experts=count, topK=top_k, shared=0,
                      groups=groups, topGroups=top_groups, normalize=0, scale=1.0)], shared=4 * (2 * count + groups))
        shape = structure(numTokens=tokens, experts=count, topK=top_k, hidden=hidden, inter=inter)
        module.launch(f"portableExpertUp_{suffix}", (tokens * top_k, -(-inter // 8)), 256, [x, ids, gate_up, h, shape])
        module.launch(f"portableExpertDown_{suffix}", (tokens, -(-hidden // 8)), 256, [h, ids, weights, down, y, shape])
        return y

    wanted = compute()
    x[bad], logits[bad] = float("nan"), float("nan")
    others = [t for t in range(tokens) if t != bad]
    verify_same(f"experts {suffix} beside a token that is NaN, E={count} groups {groups}", compute()[others], wanted[others])


def run():
    write, attend, *expert = (Module(f"portable-{name}.ptx") for name in ("latent-write", "attention", "experts", "experts-int8"))
    sizes = [(3, 28, 6), (4, 32, 8), (8, 96, 16), (16, 512, 64), (128, 512, 64)]
    rng = random.Random(5)
    for suffix in DTYPES:
        for heads, rank, rope in sizes:
            for tokens in (1, 7, 64, 300):
                latent_write(write, suffix, tokens, heads, rank, rope)
            for page, code in itertools.product((16, 64), (None, "fp8", "int8")):
                attention(attend, suffix, [(0, 1)], heads, rank, rope, page, code=code)
                attention(attend, suffix, [(0, 5), (17, 1), (64, 1), (63, 3), (0, 0), (200, 8)], heads, rank, rope, page, 3, code)
                attention(attend, suffix, [(rng.randrange(700), rng.randrange(1, 40)) for _ in range(9)], heads, rank, rope, page, code=code)
                attention(attend, suffix, [(3000, 2)], heads, rank, rope, page, code=code)
        for tokens in (1, 2, 19):
            experts(expert, suffix, tokens, 7, 2, 60, 22)
            experts(expert, suffix, tokens, 7, 2, 60, 22, shared=1)
            experts(expert, suffix, tokens, 12, 4, 48, 16, groups=4, top_groups=2, scale=16.0, shared=3)
            experts(expert, suffix, tokens, 12, 4, 48, 16, groups=4, top_groups=2, scale=16.0)
            experts(expert, suffix, tokens, 16, 4, 320, 80, normalize=1)
            experts(expert, suffix, tokens, 64, 6, 2048, 1408)
            experts(expert, suffix, tokens, 160, 6, 512, 96, groups=8, top_groups=3, scale=16.0)
            for hidden, inter in ((60, 22), (24, 7), (128, 128), (320, 80), (413, 150), (1040, 272), (2048, 1408)):
                experts(expert, suffix, tokens, 9, 3, hidden, inter, int8=True)
        experts_beside_nan(expert[0], suffix, 7, 2, 0, 0)
        experts_beside_nan(expert[0], suffix, 12, 4, 4, 2)
