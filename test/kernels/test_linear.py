"""The Hopper kernel of dense products for 1 to 16 tokens against float64. With results in float32 it takes up to 8."""
import torch

from checks import DTYPES, NAN, poisoned, rand, relative_error, verify, verify_same
from driver import Module, num_multiprocessors, structure

TOLERANCE = {"f16": 4e-4, "bf16": 3e-3}
THREADS, MAX_SLOTS = 256, 16
RING = 96 * 1024  # bytes of weights on their way to an SM: room for two kernels' on one
# width, depth, gated
SHAPES = {
    "V2-Lite q_kv_a": (3648, 2048, False), "V2-Lite o": (2048, 2048, False), "V2-Lite shared gate_up": (2816, 2048, True),
    "V2-Lite shared down": (2048, 2816, False), "V2-Lite gate_up": (10944, 2048, True), "V2-Lite lm_head": (102400, 2048, False),
    "V2 q_a_kv_a": (2112, 5120, False), "V2 q_b": (24576, 1536, False), "V2 shared gate_up": (3072, 5120, True),
    "V2 shared down": (5120, 3072, False),
}
ODD = {
    "one row": (1, 64, False), "few rows": (7, 128, False), "a row a block": (131, 192, False), "odd": (1003, 576, False),
    "odd gated": (333, 320, True), "one gated": (1, 2048, True), "ragged steps": (777, 2752, False), "deep": (264, 5056, True),
}
module = None


def launch(x, w, y, gated=False, early=False, slots=None, grid=None, ring=RING):
    """As cuda/ops/small-linear.ts does it. early: programmatic dependent launch."""
    global module
    module = module or Module("hopper-linear.cubin")
    (tokens, depth), width = x.shape, y.shape[1]
    rounds, blocks = next(r for r in (4, 6, 10) if depth <= 512 * r), grid or num_multiprocessors()
    tiles = -(-width // blocks) // (4 if gated else 8) + 1
    slots = slots or max(1, min(ring // (16 * depth), MAX_SLOTS, tiles))
    shape = structure(numTokens=tokens, width=width, depth=depth, gated=int(gated), slots=slots)
    wide = "F32" if y.dtype == torch.float32 else ""
    module.launch(f"linear{wide}_{-(-tokens // 8)}_{rounds}_{'f16' if x.dtype == torch.float16 else 'bf16'}", (blocks,), THREADS,
                  [x, w, y, shape], shared=module.int("linear_sharedBytes") + slots * 16 * depth, early=early)


def weights(rows, depth, dtype):
    return torch.empty(rows, depth, dtype=dtype, device="cuda").normal_(0, depth ** -0.5)


def check_shape(name, kind, counts, wide=False):
    width, depth, gated = SHAPES.get(name) or ODD[name]
    dtype = DTYPES[kind]
    out = torch.float32 if wide else dtype
    tolerance = 3e-6 if wide else TOLERANCE[kind]
    w = weights(width * (2 if gated else 1), depth, dtype)
    most = max(counts)
    x = rand(most, depth, dtype=dtype)
    reference = x.double() @ w.double().T
    if gated:
        reference = torch.nn.functional.silu(reference[:, :width]) * reference[:, width:]
    first = None
    for tokens in sorted(counts, reverse=True):
        y = poisoned(most + 1, width, dtype=out)
        # What surrounds the tokens is NaN: nothing of it may be read, and nothing beyond them written.
        around = poisoned(most + 1, depth, dtype=dtype)
        around[:tokens] = x[:tokens]
        launch(around[:tokens], w, y[:tokens], gated)
        title = f"{name}, {kind}, {tokens} tokens{', wide' if wide else ''}"
        verify(title, relative_error(y[:tokens], reference[:tokens]), tolerance)
        verify(f"{title}: untouched", float((~y[tokens:].isnan()).sum()), 0)
        first = y if first is None else first
        verify_same(f"{title}: as in a batch of {most}", y[:tokens], first[:tokens])
    for options in ({"slots": 1}, {"slots": 2}, {"grid": 1 if width < 4000 else 97}, {"grid": 60}, {"early": True}):
        y = poisoned(most, width, dtype=out)
        launch(x, w, y, gated, **options)
        verify_same(f"{name}, {kind}: with {options}", y, first[:most])
    y = poisoned(1, width, dtype=out)
    launch(x[most - 1:], w, y, gated)
    verify_same(f"{name}, {kind}: the last token alone", y, first[most - 1:most])
    y, lame = poisoned(most, width, dtype=out), x.clone()
    lame[most // 2] = NAN
    launch(lame, w, y, gated)
    others = [t for t in range(most) if t != most // 2]
    verify_same(f"{name}, {kind}: beside a token of NaN", y[others], first[others])


class Chain:
    """Layers of products that read what kernels before them wrote: the last one, and the one three launches ago."""

    def __init__(self, dtype, tokens, layers=6, hidden=2048, inter=2816):
        self.layers = [(weights(hidden, hidden, dtype), weights(2 * inter, hidden, dtype), weights(hidden, inter, dtype)) for _ in range(layers)]
        self.x = rand(tokens, hidden, dtype=dtype)
        self.buffers = [tuple(poisoned(tokens, n, dtype=dtype) for n in (hidden, inter, hidden)) for _ in self.layers]

    def run(self, early, between):
        x = self.x
        for (o, up, down), (a, h, y) in zip(self.layers, self.buffers):
            launch(x, o, a, early=early)
            launch(a, up, h, gated=True, early=early)
            launch(h, down, y, early=early)
            x = torch.mul(y, 0.5, out=y) if between else y

    def poison(self):
        for buffers in self.buffers:
            for buffer in buffers:
                buffer.fill_(NAN)

    def results(self):
        return torch.cat([buffer for buffers in self.buffers for buffer in buffers], 1)


def check_chain(kind, tokens, between, rounds=20):
    """Programmatic launches in a graph against ordinary ones."""
    chain = Chain(DTYPES[kind], tokens)
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        chain.run(True, between)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        chain.run(True, between)
    bad = 0
    for _ in range(rounds):
        chain.x.copy_(rand(*chain.x.shape, dtype=chain.x.dtype))
        chain.poison()
        chain.run(False, between)
        wanted = chain.results().clone()
        bad += int((~wanted.isfinite()).sum())
        chain.poison()
        graph.replay()
        bad += int((chain.results().view(torch.int16) != wanted.view(torch.int16)).sum())
    verify(f"chain of programmatic launches, {kind}, {tokens} tokens, {'other kernels between' if between else 'alone'}", float(bad), 0)


def run():
    for kind in ("bf16", "f16"):
        for name, (_, depth, gated) in (SHAPES | ODD).items():
            most = 16 if depth <= 3072 else 8
            every = kind == "bf16" and name in SHAPES
            check_shape(name, kind, [t for t in (range(1, 17) if every else (1, 2, 4, 5, 8, 9, 13, 16)) if t <= most])
            if not gated:
                check_shape(name, kind, [1, 3, 8], wide=True)
        for tokens in (1, 3, 8, 16):
            check_chain(kind, tokens, False)
            check_chain(kind, tokens, True)
