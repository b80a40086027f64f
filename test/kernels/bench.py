"""Timings of the Hopper kernels: graphs of many calls over rotating inputs, so that nothing is left in the L2 cache; medians.
$BENCH: which of decode, chunks, fresh, experts, experts_int8, linear, sampler; all when absent."""
import itertools
import os
import random

import torch

from checks import poisoned, timed
from fresh import HEAD, FreshCase
from paged import CodedRows
from test_attention import PAGE, RANK, ROPE, WIDTH, Step
from test_experts import TOP_K, Grouped, Layer, Small, routing
from test_experts_int8 import QuantizedLayer
from test_linear import SHAPES, launch, weights
from test_products import Cublas
from test_route import Router
from test_sampler import Batch, Out, Sampler, make_logits


def copy_rate():
    a = torch.empty(2**28, device="cuda").normal_()
    b = torch.empty_like(a)
    return 8 * a.numel() / timed(lambda: torch.neg(a, out=b), 1) / 1e6


CODES = (None, "fp8", "int8")


def random_pool(num_pages, code):
    """Pages of latents in bf16 or in 8 bits (code: fp8, int8), and the bytes that a token takes."""
    pool = torch.empty(num_pages, PAGE, WIDTH, dtype=torch.bfloat16, device="cuda").normal_()
    if code is None:
        return pool, 2 * WIDTH
    rows = CodedRows(code, "bf16", RANK, ROPE)
    return torch.cat([rows.quantised(part.view(-1, WIDTH)).view(-1, PAGE, rows.bytes) for part in pool.split(1024)]), rows.bytes


def decode(heads, points, num_pages, code):
    pool, token_bytes = random_pool(num_pages, code)
    for count, context in points:
        tiles = -(-context // PAGE)
        sets = max(1, min(num_pages // (count * tiles), 128))
        order = torch.randperm(num_pages, device="cuda").int()
        tables = [order[i * count * tiles:(i + 1) * count * tiles].view(count, tiles).contiguous() for i in range(sets)]
        first = torch.arange(count + 1, dtype=torch.int32, device="cuda")
        cached = torch.full((count,), context - 1, dtype=torch.int32, device="cuda")
        absorbed = torch.randn(heads, count, RANK, device="cuda").bfloat16()
        rotary = torch.randn(count, heads, ROPE, device="cuda").bfloat16()
        out = poisoned(heads, count, RANK, dtype=torch.bfloat16)
        step = Step("bf16", heads, count, count, code=code)
        step.plan(first, cached)
        pool_arguments = step.pool_arguments(pool)
        calls = max(sets, 8)

        def capture():
            for i in range(calls):
                step.attend(absorbed, rotary, pool_arguments, first, tables[i % sets], out, 0.1147)
        us = timed(capture, calls)
        data, operations = count * context * token_bytes, count * context * heads * 2 * (WIDTH + RANK)
        speed = f"{us:.1f} us, {data / us / 1e6:.2f} TB/s, {operations / us / 1e6:.0f} TFLOP/s"
        print(f"decode, latents in {code or 'bf16'}, {heads} heads, {count} x {context}: {speed}", flush=True)


def chunks(points, code):
    for heads, new, cached in points:
        total = new + cached
        pool, _ = random_pool(-(-total // PAGE), code)
        table = torch.randperm(len(pool), device="cuda").int()[None].contiguous()
        first = torch.tensor([0, new], dtype=torch.int32, device="cuda")
        context = torch.tensor([cached], dtype=torch.int32, device="cuda")
        absorbed = torch.randn(heads, new, RANK, device="cuda").bfloat16()
        rotary = torch.randn(new, heads, ROPE, device="cuda").bfloat16()
        out, step = poisoned(heads, new, RANK, dtype=torch.bfloat16), Step("bf16", heads, 1, 0, code=code)
        step.plan(first, context)
        pool_arguments = step.pool_arguments(pool)
        us = timed(lambda: [step.attend(absorbed, rotary, pool_arguments, first, table, out, 0.1147) for _ in range(6)], 6)
        operations = (new * cached + new * (new + 1) // 2) * heads * 2 * (WIDTH + RANK)
        speed = f"{us:.0f} us, {operations / us / 1e6:.0f} TFLOP/s"
        print(f"chunk, latents in {code or 'bf16'}, {heads} heads, {new} new on {cached}: {speed}", flush=True)


def fresh(points, heads):
    """Prompts without cached tokens, and the two products that expand keys and values, beside the absorbed form and its two."""
    cublas = Cublas()
    for count, new in points:
        tokens, case = count * new, FreshCase("bf16", [new] * count, heads, wants_reference=False)
        launcher = case.launcher()
        pairs = count * (new * (new + 1) // 2) * heads
        us = timed(lambda: [launcher() for _ in range(6)], 6)
        latents = torch.randn(tokens, WIDTH, device="cuda").bfloat16()
        weights = torch.randn(heads, HEAD, RANK, device="cuda").bfloat16()
        expansion = timed(lambda: [cublas.multiply_rows("bf16", latents, WIDTH, weights.flatten(0, 1), out[:tokens])
                                   for out in (case.keys, case.values) for _ in range(3)], 3)
        pool, _ = random_pool(count * -(-new // PAGE), None)
        table = torch.randperm(len(pool), device="cuda").int().view(count, -1).contiguous()
        absorbed = torch.randn(heads, tokens, RANK, device="cuda").bfloat16()
        rotary = torch.randn(tokens, heads, ROPE, device="cuda").bfloat16()
        out, step = poisoned(heads, tokens, RANK, dtype=torch.bfloat16), Step("bf16", heads, count, 0)
        step.plan(case.first, torch.zeros_like(case.first[:-1]))
        pool_arguments = step.pool_arguments(pool)
        def products():
            for _ in range(3):
                cublas.absorb("bf16", case.rows[:tokens], case.query_column, weights, absorbed)
                cublas.expand("bf16", absorbed, weights, case.out[:tokens])
        others = timed(products, 3)
        other = timed(lambda: [step.attend(absorbed, rotary, pool_arguments, case.first, table, out, 0.1147) for _ in range(4)], 4)
        print(f"fresh, {heads} heads, {count} x {new}: {us:.1f} us, {pairs * 2 * (2 * HEAD + ROPE) / us / 1e6:.0f} TFLOP/s, expansion {expansion:.1f} us; "
              f"absorbed {other:.1f} us, {pairs * 2 * (WIDTH + RANK) / other / 1e6:.0f} TFLOP/s, its products {others:.1f} us", flush=True)


def experts(make, size, num_layers, sizes):
    layers = [make(size, "bf16") for _ in range(num_layers)]
    for tokens in sizes:
        isSmall = tokens <= layers[0].small_tokens[size]
        calls = max(num_layers, 24 if tokens < 1000 else 6)
        launchers = [Small(layer) if isSmall else Grouped(layer, tokens) for layer in (layers[:1] if not isSmall else layers)]
        x = layers[0].tokens(tokens)
        y = torch.empty_like(x)
        logits = torch.randn(calls, tokens, layers[0].experts, device="cuda") * 2
        if not isSmall:
            router, tile = Router(layers[0].experts, TOP_K, shared=layers[0].shared), launchers[0].tile(tokens)
            gather = router.gather if tokens <= 512 else router.gather_many
            groups, outputs = router.new_groups(tokens, tile[0][0]), router.outputs(tokens)
        routes = [routing(tokens, layers[0], "random") for _ in range(calls)]

        def capture():
            for i in range(calls):
                launcher = launchers[i % len(launchers)]
                launcher.layer = layers[i % num_layers]
                if isSmall and size == "V2Lite":
                    launcher(x, None, None, y, logits=logits[i])
                elif isSmall:
                    launcher(x, *routes[i], y)
                else:
                    gather("bf16", x, logits[i], *outputs, groups, launcher.rows, tile[0][0])
                    launcher(*outputs, y, groups, tile)
        us = timed(capture, calls, reps=5)
        active = [len(l.topk(TOP_K).indices.unique()) for l in logits]
        data, operations = (sum(active) / calls + layers[0].shared) * layers[0].expert_bytes, tokens * layers[0].choices * 6 * layers[0].hidden * layers[0].inter
        print(f"experts {size}{layers[0].small}, {tokens} tokens: {us:.1f} us, {data / us / 1e6:.2f} TB/s, {operations / us / 1e6:.0f} TFLOP/s", flush=True)


def linear(names, counts):
    for name, tokens in itertools.product(names, counts):
        width, depth, gated = SHAPES[name]
        rows = width * (2 if gated else 1)
        layers = [weights(rows, depth, torch.bfloat16) for _ in range(max(2, -(-240_000_000 // (2 * rows * depth))))]
        calls, x = max(len(layers), 24), torch.randn(tokens, depth, device="cuda").bfloat16()
        y, both, small = (poisoned(tokens, n, dtype=torch.bfloat16) for n in (width, rows, depth))

        def ours(early, after):
            def capture():
                for i in range(calls):
                    launch(torch.mul(x, 0.5, out=small) if after else x, layers[i % len(layers)], y, gated, early=early)
            return timed(capture, calls, reps=5)

        def cublas(after):
            def capture():
                for i in range(calls):
                    torch.mm(torch.mul(x, 0.5, out=small) if after else x, layers[i % len(layers)].T, out=both)
            return timed(capture, calls, reps=5)
        print(f"linear, {name}, {tokens} tokens: {ours(True, False):.1f} us, launched ordinarily {ours(False, False):.1f}, cuBLAS {cublas(False):.1f}; "
              f"with a small kernel before: {ours(True, True):.1f}, cuBLAS {cublas(True):.1f}", flush=True)


MODES = {
    "greedy": {"temperature": 0.}, "temperature": {}, "k50, p, min_p": {"k": 50, "p": 0.9, "minp": 0.02, "temperature": 0.8},
    "all of it, top 20": {"k": 50, "p": 0.9, "minp": 0.02, "temperature": 0.8, "rep": 1.1, "pres": 0.2, "freq": 0.1, "top": 20},
    "top_p": {"p": 0.9, "temperature": 0.8},
}


def sampler(V, counts):
    rng = random.Random(1)
    for B, (mode, parameters) in itertools.product(counts, MODES.items()):
        rows = [{"seed": i * 7919 + 1, "step": i, **parameters} for i in range(B)]
        if "rep" in parameters:
            for row in rows:
                row["bias"] = [(t, 2.) for t in rng.sample(range(V), 10)]
                row["hist"] = [(t, rng.randrange(3), 1) for t in rng.sample(range(V), 800)]
                row["allow"] = torch.rand(V, device="cuda") < 0.5
        sets = max(4, min(64, int(250e6 / (B * V * 4))))
        x = make_logits("llm", sets * B, V).view(sets, B, V)
        batch, sample, out = Batch(x[0], rows), Sampler("8" if B <= 32 else "2", V), Out(B)
        out.debug = None

        def capture():
            for i in range(sets):
                batch.logits = x[i]
                sample(batch, out)
        print(f"sampler, {B} x {V}, {mode}: {timed(capture, sets):.1f} us", flush=True)


def run():
    only = os.environ.get("BENCH", "decode chunks fresh experts experts_int8 linear sampler").split()
    print(f"{torch.cuda.get_device_name()}: copy {copy_rate():.2f} TB/s")
    if "decode" in only:
        for code in CODES:
            decode(16, [(1, 1024), (8, 1024), (64, 1024), (256, 1024), (1, 8192), (8, 8192), (64, 8192), (256, 8192)], 33024, code)
            decode(128, [(64, 1024), (64, 8192)], 8192, code)
    if "chunks" in only:
        for code in CODES:
            chunks([(16, 2048, 0), (16, 2048, 6144), (128, 512, 6144)], code)
    if "fresh" in only:
        fresh([(8, 1024), (1, 8192), (4, 2048), (1, 2048), (1, 1024), (1, 512), (1, 256), (1, 128), (64, 128), (16, 32)], 16)
        fresh([(1, 2048), (1, 256)], 128)
    for name, make in (("experts", Layer), ("experts_int8", QuantizedLayer)):
        if name in only:
            experts(make, "V2Lite", 3, [1, 2, 4, 8, 16, 32, 48, 64, 128, 256, 512, 1024, 2048, 8192])
            torch.cuda.empty_cache()
            experts(make, "V2", 1, [1, 8, 32, 64, 512, 2048])
            torch.cuda.empty_cache()
    if "linear" in only:
        linear([name for name in SHAPES if name.startswith("V2-Lite")], (1, 8, 16))
    if "sampler" in only:
        sampler(102400, (1, 64, 256))
