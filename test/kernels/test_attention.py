"""The Hopper attention kernels (decoding, chunks, both in one step) and the latent write against float64."""
import itertools
import random

import torch

from checks import DTYPES, TOLERANCE, poisoned, rand, relative_error, verify, verify_same
from driver import Module, TensorMap, num_multiprocessors, structure
from paged import AttentionCase, LatentWriteCase
from test_portable import verify_latent_write

RANK, ROPE, PAGE, WIDTH = 512, 64, 64, 576
KINDS = ("bf16", "f16", "bf16 fp8", "f16 fp8", "bf16 int8", "f16 int8")
modules = {}


def module(name):
    if name not in modules:
        modules[name] = Module(f"hopper-{name}.cubin")
    return modules[name]


class Step:
    """Plan and launches as cuda/ops/hopper-attention.ts makes them."""

    def __init__(self, suffix, heads, num_sequences, num_decodes, query_length=1, blocks=None, code=None):
        self.suffix, self.heads, self.num_decodes, self.query_length = suffix, heads, num_decodes, query_length
        self.kind = (code or "").capitalize()  # in the names of kernels
        self.num_sequences = num_sequences
        rows = query_length * heads
        self.is16 = rows <= 32
        self.groups = rows // 16 if self.is16 else -(-rows // 64)
        self.blocks = blocks or max(1, num_multiprocessors() // self.groups)
        self.lengths = torch.full((num_sequences,), -7, dtype=torch.int32, device="cuda")
        self.plan_data = torch.full((4 + 4 * self.blocks + num_decodes + 1,), -7, dtype=torch.int32, device="cuda")
        self.partials = poisoned(2 * self.blocks * rows * RANK, dtype=torch.float32)
        self.lse = poisoned(2 * self.blocks * rows, dtype=torch.float32)

    def plan(self, first, context):
        module("attention-decode").launch("attentionPlan", (1,), 1024, [first, context, self.lengths, self.plan_data, self.num_sequences,
                                                                        self.num_decodes, self.blocks])
        module("attention-decode").launch("attentionPlanned", (1,), 1, [self.plan_data])

    def pool_arguments(self, pool):
        """pool [pages, PAGE, WIDTH], or bytes [pages, PAGE, 656]"""
        if not self.kind:
            return [TensorMap(pool.view(-1, WIDTH), PAGE)]
        return [TensorMap(pool.view(-1, pool.shape[-1]).view(DTYPES[self.suffix]), PAGE), pool]

    def attend(self, absorbed, rotary, pool, first, table, out, scale, early=True):
        """pool: of pool_arguments."""
        tokens, max_blocks, rows = out.shape[1], table.shape[1], self.query_length * self.heads
        if self.num_decodes:
            shape = structure(numTokens=tokens, queryLength=self.query_length, heads=self.heads, maxBlocks=max_blocks, scale=float(scale))
            file = f"attention-decode{'-codes' if self.kind else ''}" if self.is16 else "attention-rows64"
            shared = f"attention{'Decode16' if self.is16 else 'Rows64'}{self.kind}_sharedBytes"
            kernel = f"attentionDecode{16 if self.is16 else 64}{self.kind}"
            module(file).launch(f"{kernel}_{self.suffix}", (self.blocks, self.groups), 384,
                                [*pool, absorbed, rotary, table, self.lengths, self.plan_data, out, self.partials, self.lse, shape],
                                shared=module(file).int(shared), early=early)
            if self.blocks > 1:
                boundaries = self.num_decodes > self.blocks - 1
                rows_of_block, z = (4, 1) if self.num_decodes >= 32 else (1, 4)
                grid = (rows // rows_of_block, self.blocks - 1 if boundaries else self.num_decodes, z)
                module("attention-decode").launch(f"attentionCombine_{self.suffix}", grid, 512,
                                                  [self.plan_data, self.partials, self.lse, out, int(boundaries), rows_of_block, shape], early=early)
        decoded = self.num_decodes * self.query_length
        if tokens > decoded:
            chunks = self.num_sequences - self.num_decodes
            shape = structure(numTokens=tokens, numSequences=chunks, heads=self.heads, maxBlocks=max_blocks, scale=float(scale))
            grid = ((tokens - decoded) * self.heads // 64 + chunks + 1,)
            d = self.num_decodes
            module("attention-rows64").launch(f"attentionChunks{self.kind}_{self.suffix}", grid, 384,
                                              [*pool, absorbed, rotary, table[d:], self.lengths[d:], first[d:], out, shape],
                                              shared=module("attention-rows64").int(f"attentionRows64{self.kind}_sharedBytes"))


def run_case(case, suffix, heads, num_decodes, query_length=1, **options):
    step = Step(suffix, heads, len(case.context), num_decodes, query_length, code=case.code, **options)
    out = poisoned(heads, case.tokens, RANK, dtype=DTYPES[suffix])
    step.plan(case.first, case.context)
    step.attend(case.absorbed, case.rotary, step.pool_arguments(case.pool), case.first, case.table, out, case.scale)
    return out


def rounded_from(rows, num_decodes):
    """The first sequence whose 8-bit latents become values of the stream's type: all that the kernels for 64 rows serve."""
    return num_decodes if rows <= 32 else 0


def parts(kind):
    """Element type of the stream, and the code of 8-bit latents or None."""
    suffix, *code = kind.split()
    return suffix, *(code or [None])


def attention(kind, sequences, heads, num_decodes, query_length=1, padding=0, ramp=False, **latents):
    """kind: bf16, f16, or either with the code of 8-bit latents behind it: bf16 fp8, f16 int8, …"""
    suffix, code = parts(kind)
    case = AttentionCase(suffix, sequences, heads, RANK, ROPE, PAGE, padding, ramp, code=code,
                         rounded_from=rounded_from(heads * query_length, num_decodes), **latents)
    out = run_case(case, suffix, heads, num_decodes, query_length)
    few = sequences if len(sequences) < 9 else f"{len(sequences)} sequences"
    name = f"attention {kind} H={heads} decodes {num_decodes}x{query_length} {few}{' ramp' if ramp else ''}"
    verify(name, relative_error(out, case.wanted), TOLERANCE[suffix] / 2)
    difference = (out.double() - case.wanted).norm(dim=-1) / case.wanted.norm(dim=-1).clamp_min(1e-6)
    verify(f"{name}: worst row", difference.max().item(), 2 * TOLERANCE[suffix])
    verify_same(f"{name}: second run", out, run_case(case, suffix, heads, num_decodes, query_length))
    return out, case


def ragged(rng, count, top):
    fixed = [1, 63, 64, 65, 127, 128, 129, 1000, top, top - 1]
    lengths = fixed + [rng.randrange(1, top + 1) for _ in range(count)]
    return [(n - 1, 1) for n in lengths[:count]]


def decoding(rng):
    for kind in KINDS:
        for heads, top in ((16, 8191), (32, 3000), (128, 1500)):
            for n in (1, 63, 64, 65, 1000, top):
                attention(kind, [(n - 1, 1)], heads, 1)
            attention(kind, [(0, 1), (62, 1), (63, 1)], heads, 3)
            attention(kind, ragged(rng, 64, top), heads, 64, ramp=True)
            attention(kind, ragged(rng, 200, top // 4), heads, 200)
            attention(kind, [(n, 2) for n in (0, 63, 998)], heads, 3, 2)
            attention(kind, [(n, 3) for n in (0, 61, 63, 126)], heads, 4, 3, ramp=True)
            attention(kind, [(rng.randrange(900), 8) for _ in range(16)], heads, 16, 8)
        # A bucket that is not full: sequences without tokens at the end of a batch.
        attention(kind, [(199, 1), (4999, 1), (64, 1), (0, 0), (0, 0)], 16, 5, padding=2)
        attention(kind, [(199, 1), (64, 1), (0, 0)], 128, 3, padding=1)


def mixed_steps(rng):
    for kind in KINDS:
        for heads in (16, 128):
            for sequences in ([(0, 1)], [(60, 4)], [(0, 64)], [(0, 1), (63, 5), (64, 64), (1000, 130), (3, 300)], [(1500, 200)]):
                attention(kind, sequences, heads, 0)
            attention(kind, [(rng.randrange(2000), 1) for _ in range(7)] + [(100, 90), (0, 33)], heads, 7)
            attention(kind, [(500, 1), (3, 1), (64, 70), (0, 0), (10, 5)], heads, 2, padding=9)
            attention(kind, [(rng.randrange(400), i % 7 + 2) for i in range(40)], heads, 0)
        attention(kind, [(6000, 700)], 16, 0)
        attention(kind, [(10, 1), (20, 1)], 16, 2, padding=37)


def latent_write():
    for suffix in ("bf16", "f16"):
        for tokens, heads in ((1, 16), (7, 16), (300, 16), (33, 128), (40, 48)):
            case = LatentWriteCase(suffix, tokens, heads, RANK, ROPE, unit=8)
            shape = structure(numTokens=tokens, heads=heads, rank=RANK, rope=ROPE, kvStride=case.kv.shape[1], kvOffset=case.kv_offset,
                              qStride=case.q.shape[1], qOffset=case.q_offset, epsilon=1e-6)

            name, latents = f"hopper latentWrite {suffix} T={tokens} H={heads}", poisoned(tokens, WIDTH, dtype=DTYPES[suffix])

            def launch(kernel, pool, copy=None):
                arguments = [case.kv, case.q, case.weight, case.cosine, case.sine, case.slots, pool, case.rotary, copy, shape]
                module("latent-write").launch(f"{kernel}_{suffix}", (tokens,), 128, arguments)
            verify_latent_write(name, case, TOLERANCE[suffix], launch, "latentWrite")
            launch("latentWrite", case.pool)
            wanted, stored = latents.clone(), case.slots >= 0
            wanted[stored] = case.pool[case.slots[stored]]
            for kernel, pool in (("latentWrite", case.pool), *((f"latentWrite{code.capitalize()}", pool) for code, pool in case.coded_pools.items())):
                latents.fill_(float("nan"))
                before = pool.clone()
                launch(kernel, pool, latents)
                verify_same(f"{name}, {kernel}: latents", latents, wanted)
                verify(f"{name}, {kernel}: pool beside them", float((pool.view(torch.uint8) != before.view(torch.uint8)).sum()), 0)


def long_contexts():
    """One sequence with 131,072 cached tokens: decoding it, and a chunk on top."""
    for kind in KINDS:
        attention(kind, [(2**17 - 1, 1)], 16, 1)
        attention(kind, [(2**17, 64)], 16, 0)
    for kind in ("bf16", "bf16 fp8", "bf16 int8"):
        attention(kind, [(2**17 - 1, 1), (100, 1)], 128, 2)
        attention(kind, [(2**17, 64)], 128, 0)


def extreme_scales():
    """Latents and queries of sizes that no 16-bit product holds: a row of the query is scaled, latents have their scales."""
    for kind in ("bf16 fp8", "f16 fp8", "bf16 int8", "f16 int8"):
        sizes = ((1e5, 1e-8), (1e-5, 1e3), (3e-3, 1e-2)) if kind.startswith("bf16") else ((30., 1e-3), (1e-2, 1e2))
        for latent_size, query_size in sizes:
            for sequences, heads, decodes in (([(700, 1)], 16, 1), ([(130, 50)], 16, 0)):
                attention(kind, sequences, heads, decodes, latent_size=latent_size, query_size=query_size)


def quantisation():
    """The error of 8-bit latents themselves: attention over them, and over what they were made of. That of int8 is a quarter of e4m3's for
    values of one size (docs/decisions/008-8-bit-latents.md), and of about the same size where norm weights differ."""
    steps = ((4, [(n - 1, 1) for n in (64, 1024, 8192, 32768)]), (0, [(4096, 64)]))
    for code, (decodes, sequences), normed, ramp in itertools.product(("fp8", "int8"), steps, (False, True), (False, True)):
        out, case = attention(f"bf16 {code}", sequences, 16, decodes, ramp=ramp, normed=normed, unquantised=True)
        errors = [relative_error(out[:, i:i + 1], case.unquantised[:, i:i + 1]) for i in range(len(sequences))]
        latents = f"{'normalised with uneven weights' if normed else 'normal'}{', sharp softmax' if ramp else ''}"
        print(f"latents in {code}, {latents}, {sequences}: relative error {', '.join(f'{e:.4f}' for e in errors)}", flush=True)
        bound = (0.15 if ramp else 0.05) / (4 if code == "int8" and not normed else 1)
        verify(f"latents in {code}, {latents}", max(errors), bound)


def replays():
    """One captured step, replayed with other lengths, tables and queries."""
    for heads, kind in itertools.product((16, 128), ("bf16", "bf16 fp8", "bf16 int8")):
        (suffix, code), count, top = parts(kind), 9, 3000
        lengths = [[5, 64, 1, 2000, 3000, 700, 64, 65, 1], [1, 63, 64, 65, 127, 128, 129, 1000, 3000], [1] * 9]
        latents = {"code": code, "rounded_from": rounded_from(heads, count)}
        cases = [AttentionCase(suffix, [(n - 1, 1) for n in ns], heads, RANK, ROPE, PAGE, **latents) for ns in lengths]
        pool = torch.zeros_like(max((c.pool for c in cases), key=len))
        table = torch.zeros(count, -(-top // PAGE), dtype=torch.int32, device="cuda")
        first, context = cases[0].first, torch.zeros(count, dtype=torch.int32, device="cuda")
        absorbed, rotary = torch.zeros_like(cases[0].absorbed), torch.zeros_like(cases[0].rotary)
        out = torch.zeros(heads, count, RANK, dtype=torch.bfloat16, device="cuda")
        step = Step(suffix, heads, count, count, code=code)
        pool_arguments = step.pool_arguments(pool)

        def launch():
            step.plan(first, context)
            step.attend(absorbed, rotary, pool_arguments, first, table, out, cases[0].scale)
        side = torch.cuda.Stream()
        with torch.cuda.stream(side):
            launch()
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            launch()
        for case in cases:
            pool[:len(case.pool)] = case.pool
            table.fill_(2**24)
            table[:, :case.max_blocks] = case.table
            for to, source in ((context, case.context), (absorbed, case.absorbed), (rotary, case.rotary)):
                to.copy_(source)
            out.fill_(float("nan"))
            graph.replay()
            torch.cuda.synchronize()
            verify(f"replay {kind} H={heads} {case.context.tolist()}", relative_error(out, case.wanted), TOLERANCE[suffix] / 2)


def run():
    rng = random.Random(3)
    latent_write()
    decoding(rng)
    mixed_steps(rng)
    extreme_scales()
    replays()
    quantisation()
    long_contexts()
