"""Timings of the fused steps in DeepSeek-V2-Lite's shape, bf16, beside what they replace; graphs of many calls, medians."""
import torch

from checks import poisoned, timed
from driver import has_hopper
from test_fused import Fused
from test_products import Cublas
from test_route import Router

HIDDEN, EXPERTS, TOP_K, SHARED_WIDTH, HEADS, NOPE, ROPE, RANK = 2048, 64, 6, 2816, 16, 128, 64, 512
BF16 = torch.bfloat16
CALLS = 24


def randn(*shape, dtype=BF16):
    return torch.randn(*shape, device="cuda", dtype=torch.float32).to(dtype)


def line(name, tokens, **ways):
    """ways: what one call does."""
    figures = ", ".join(f"{way} {timed(lambda: [call(i) for i in range(CALLS)], CALLS, reps=5):.2f}" for way, call in ways.items())
    print(f"{name}, {tokens} tokens, us: {figures}", flush=True)


def rows_per_expert(tokens):
    each = tokens * TOP_K / EXPERTS
    return 32 if each <= 12 else 64 if each <= 40 else 128


def run():
    torch.backends.cuda.matmul.allow_tf32 = False
    fused, cublas, router = Fused("hopper" if has_hopper() else "portable"), Cublas(), Router(EXPERTS, TOP_K, shared=2)
    routers = randn(256, EXPERTS, HIDDEN, dtype=torch.float32)  # more than the L2 cache holds
    keys, values = randn(40, HEADS, NOPE, RANK), randn(40, HEADS, NOPE, RANK)
    weight = randn(HIDDEN)
    for tokens in (1, 8, 64, 128, 256, 512, 768, 1024, 2048):
        gate_up, h = randn(tokens, 2 * SHARED_WIDTH), poisoned(tokens, SHARED_WIDTH, dtype=BF16)

        def separate_swiglu(_):
            gate, up = (part.contiguous() for part in gate_up.chunk(2, -1))
            torch.mul(torch.mul(gate, torch.sigmoid(gate)), up, out=h)
        line("SwiGlu", tokens, fused=lambda _: fused.swiglu("bf16", gate_up, h), separate=separate_swiglu)

        residual, x, second = (randn(tokens, HIDDEN) for _ in range(3))
        normed, total = torch.empty_like(x), torch.empty_like(x)

        def separate_norm(_):
            both = torch.add(x, second)
            fused.add_norm("bf16", residual, weight, both, None, normed, total)
        line("AddNorm", tokens, fused=lambda _: fused.add_norm("bf16", residual, weight, x, second, normed, total), sum_first=separate_norm,
             torch=lambda _: torch.nn.functional.rms_norm(residual + (x + second), (HIDDEN,), weight, 1e-6))

        logits = poisoned(tokens, EXPERTS, dtype=torch.float32)
        tiles = {} if tokens == 1 else {t: lambda i, t=t: fused.router_logits("bf16", x, routers[i * 7 % 256], logits, f"wide_{t}")
                                        for t in ("8x4", "32x32")}
        line("RouterLogits", tokens, fused=lambda i: fused.router_logits("bf16", x, routers[i * 7 % 256], logits),
             cast_and_gemm=lambda i: torch.mm(x.float(), routers[i * 7 % 256].T, out=logits), **tiles)

        q, absorbed = randn(tokens, HEADS * (NOPE + ROPE) + RANK + ROPE), poisoned(HEADS, tokens, RANK, dtype=BF16)
        out = poisoned(tokens, HEADS * NOPE, dtype=BF16)

        def separate_products(i):
            parts = q[:, :HEADS * NOPE].contiguous().view(tokens, HEADS, NOPE).transpose(0, 1).contiguous()
            torch.bmm(parts, keys[i], out=absorbed)
            torch.bmm(absorbed, values[i].transpose(1, 2)).transpose(0, 1).contiguous()

        def strided_products(i):
            cublas.absorb("bf16", q, 0, keys[i], absorbed)
            cublas.expand("bf16", absorbed, values[i], out)

        def own_products(i):
            fused.absorb_keys("bf16", q, 0, keys[i], absorbed)
            fused.expand_values("bf16", absorbed, values[i], out)
        own = {"own": own_products} if tokens == 1 else {}
        line("AbsorbKeys and ExpandValues", tokens, cublas=strided_products, separate=separate_products, **own)

        slots, pairs = rows_per_expert(tokens), tokens * router.choices
        ids, weights = router.outputs(tokens)
        groups = router.new_groups(tokens, slots)
        rows = torch.empty(pairs, HIDDEN, dtype=torch.float16, device="cuda")
        scores = randn(CALLS, tokens, EXPERTS, dtype=torch.float32) * 2
        line("route, group and gather", tokens, fused=lambda i: router.gather("bf16", x, scores[i], ids, weights, groups, rows, slots),
             not_early=lambda i: router.gather("bf16", x, scores[i], ids, weights, groups, rows, slots, early=False))
