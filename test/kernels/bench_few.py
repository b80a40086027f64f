"""Timings of the dense products of decode steps with few tokens, bf16, beside cuBLAS; graphs of many calls over rotating weights, medians."""
import torch

import test_linear_few
from checks import poisoned, timed
from driver import Module
from test_fused import Fused
from test_head_products_few import NOPE, RANK, Chain, HeadProducts, Ours
from test_linear import weights
from test_products import Cublas

BF16 = torch.bfloat16
OUT_OF_CACHE = 240_000_000  # bytes of weights, more than the L2 cache holds


def randn(*shape):
    return torch.randn(*shape, device="cuda").to(BF16)


class CublasWay:
    def __init__(self):
        self.cublas = Cublas()

    def linear(self, x, w, y):
        self.cublas.multiply_rows("bf16", x, x.stride(0), w, y)

    def absorb(self, q, q_offset, keys, absorbed):
        self.cublas.absorb("bf16", q, q_offset, keys, absorbed)

    def expand(self, latents, values, rows):
        self.cublas.expand("bf16", latents, values, rows)


def line(name, calls, ways):
    """ways: what the call with an index does."""
    figures = ", ".join(f"{way} {timed(lambda: [call(i) for i in range(calls)], calls, reps=7):.2f}" for way, call in ways.items())
    print(f"{name}, us: {figures}", flush=True)


def linear(name, counts, cublas, fused):
    """Right behind one another; and each behind AddNorm, which writes its input."""
    width, depth = test_linear_few.SHAPES[name]
    layers = [weights(width, depth, BF16) for _ in range(max(2, -(-OUT_OF_CACHE // (2 * width * depth))))]
    weight = randn(depth)
    for tokens in counts:
        x, residual, normed, total, y = *(randn(tokens, depth) for _ in range(4)), poisoned(tokens, width, dtype=BF16)
        norm = lambda: fused.add_norm("bf16", residual, weight, x, None, normed, total)
        behind = lambda call: lambda i: (norm(), call(i))
        ours = lambda **options: lambda i: test_linear_few.launch(normed, layers[i % len(layers)], y, **options)
        theirs = lambda i: cublas.linear(normed, layers[i % len(layers)], y)
        ways = {"ours": ours(early=True), "launched ordinarily": ours(), "cuBLAS": theirs, "AddNorm": lambda i: norm()}
        ways |= {"AddNorm and ours": behind(ours(early=True)), "AddNorm and cuBLAS": behind(theirs)}
        for cluster in (1, 2, 4, 8):
            ways[f"clusters of {cluster}"] = behind(ours(early=True, cluster=cluster))
        variant = next(n for n in test_linear_few.VARIANTS if tokens <= n)
        fixed = 3 * 1024 + variant * 256
        for budget in (72, 100, 112):  # KiB: what lets two or three blocks be on an SM
            stages = (budget * 1024 - fixed) // (64 * 128 + variant * 128)
            if stages >= 2:
                ways[f"{budget} KiB"] = behind(ours(early=True, weight_stages=stages, token_stages=stages))
        line(f"linear {name}, {tokens} tokens", max(len(layers), 24), ways)


def clusters():
    """Whether one wave holds as many blocks as few-linear.ts thinks, one on a multiprocessor and two."""
    module = Module("hopper-linear-few.cubin")
    for size in (2, 4, 8):
        counts = [module.clusters_at_once("linearFew_32_bf16", size, test_linear_few.THREADS, shared * 1024) for shared in (144, 112)]
        print(f"blocks in clusters of {size} at once: {counts[0] * size} with 144 KiB each, {counts[1] * size} with 112", flush=True)


def head_products(heads, counts, cublas):
    sets = max(2, OUT_OF_CACHE // (4 * heads * NOPE * RANK))
    keys, values = ([randn(heads, NOPE, RANK) for _ in range(sets)] for _ in range(2))
    own = HeadProducts()
    for tokens in counts:
        q, absorbed, rows = randn(tokens, heads * (NOPE + 64) + RANK + 64), randn(heads, tokens, RANK), randn(tokens, heads * NOPE)

        def both(way, **options):
            def call(i):
                way.absorb(q, 0, keys[i % sets], absorbed, **options)
                way.expand(absorbed, values[i % sets], rows, **options)
            return call
        ways = {"cuBLAS": both(cublas), "ours": both(own), "absorb": lambda i: own.absorb(q, 0, keys[i % sets], absorbed),
                "cuBLAS's": lambda i: cublas.absorb(q, 0, keys[i % sets], absorbed), "expand": lambda i: own.expand(absorbed, values[i % sets], rows),
                "cuBLAS's of it": lambda i: cublas.expand(absorbed, values[i % sets], rows)}
        ways |= {f"ours, {shares} shares": both(own, shares=shares) for shares in (1, 2, 4) if shares <= -(-tokens // 16)}
        line(f"absorb and expand, {heads} heads, {tokens} tokens", min(sets, 40), ways)


def chain(counts, cublas):
    for tokens in counts:
        layers = Chain(BF16, tokens, layers=9)
        figures = {name: timed(lambda: layers.run(way), len(layers.layers)) for name, way in (("ours", Ours(True)), ("cuBLAS", cublas))}
        print(f"q_kv_a, absorb, expand and o of a layer, {tokens} tokens, us: " + ", ".join(f"{k} {v:.2f}" for k, v in figures.items()), flush=True)


def run():
    cublas, fused = CublasWay(), Fused("hopper")
    clusters()
    chain((9, 16, 32), cublas)
    for heads in (16, 128):
        head_products(heads, (2, 8, 16, 32, 64, 128, 256), cublas)
    for name in test_linear_few.SHAPES:
        linear(name, (9, 16, 24, 32), cublas, fused)
