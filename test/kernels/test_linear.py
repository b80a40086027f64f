"""The Hopper kernel of dense products for 1 to 16 tokens against float64."""
import torch

from checks import DTYPES, NAN, poisoned, rand, relative_error, verify, verify_same
from driver import Module, num_multiprocessors, structure

TOLERANCE = {"f16": 4e-4, "bf16": 3e-3}
THREADS, MAX_SLOTS = 256, 16
RING = 96 * 1024  # bytes of weights on their way to an SM: room for two kernels' on one
# width, depth, gated, residual
SHAPES = {
    "V2-Lite q_kv_a": (3648, 2048, False, False), "V2-Lite o": (2048, 2048, False, False), "V2-Lite shared gate_up": (2816, 2048, True, False),
    "V2-Lite shared down": (2048, 2816, False, True), "V2-Lite gate_up": (10944, 2048, True, False), "V2-Lite lm_head": (102400, 2048, False, False),
    "V2 q_a_kv_a": (2112, 5120, False, False), "V2 q_b": (24576, 1536, False, False), "V2 shared gate_up": (3072, 5120, True, False),
    "V2 shared down": (5120, 3072, False, True),
}
ODD = {
    "one row": (1, 64, False, False), "few rows": (7, 128, False, True), "a row a block": (131, 192, False, False), "odd": (1003, 576, False, True),
    "odd gated": (333, 320, True, False), "one gated": (1, 2048, True, False), "ragged steps": (777, 2752, False, True), "deep": (264, 5056, True, False),
}
module = None


def launch(x, w, y, residual=None, gated=False, early=False, slots=None, grid=None, ring=RING):
    """As cuda/ops/small-linear.ts does it. early: programmatic dependent launch."""
    global module
    module = module or Module("hopper-linear.cubin")
    (tokens, depth), width = x.shape, y.shape[1]
    rounds, blocks = next(r for r in (4, 6, 10) if depth <= 512 * r), grid or num_multiprocessors()
    tiles = -(-width // blocks) // (4 if gated else 8) + 1
    slots = slots or max(1, min(ring // (16 * depth), MAX_SLOTS, tiles))
    shape = structure(numTokens=tokens, width=width, depth=depth, gated=int(gated), slots=slots)
    module.launch(f"linear_{-(-tokens // 8)}_{rounds}_{'f16' if x.dtype == torch.float16 else 'bf16'}", (blocks,), THREADS,
                  [x, w, residual, y, shape], shared=module.int("linear_sharedBytes") + slots * 16 * depth, early=early)


def weights(rows, depth, dtype):
    return torch.empty(rows, depth, dtype=dtype, device="cuda").normal_(0, depth ** -0.5)


def check_shape(name, kind, counts):
    width, depth, gated, has_residual = SHAPES.get(name) or ODD[name]
    dtype = DTYPES[kind]
    w = weights(width * (2 if gated else 1), depth, dtype)
    most = max(counts)
    x = rand(most, depth, dtype=dtype)
    residual = rand(most, width, dtype=dtype) if has_residual else None
    reference = x.double() @ w.double().T
    if gated:
        reference = torch.nn.functional.silu(reference[:, :width]) * reference[:, width:]
    if has_residual:
        reference = reference + residual.double()
    first = None
    for tokens in sorted(counts, reverse=True):
        y = poisoned(most + 1, width, dtype=dtype)
        # What surrounds the tokens is NaN: nothing of it may be read, and nothing beyond them written.
        around = poisoned(most + 1, depth, dtype=dtype)
        around[:tokens] = x[:tokens]
        launch(around[:tokens], w, y[:tokens], residual, gated)
        title = f"{name}, {kind}, {tokens} tokens"
        verify(title, relative_error(y[:tokens], reference[:tokens]), TOLERANCE[kind])
        verify(f"{title}: untouched", float((~y[tokens:].isnan()).sum()), 0)
        first = y if first is None else first
        verify_same(f"{title}: as in a batch of {most}", y[:tokens], first[:tokens])
    for options in ({"slots": 1}, {"slots": 2}, {"grid": 1 if width < 4000 else 97}, {"grid": 60}, {"early": True}):
        y = poisoned(most, width, dtype=dtype)
        launch(x, w, y, residual, gated, **options)
        verify_same(f"{name}, {kind}: with {options}", y, first[:most])
    y = poisoned(1, width, dtype=dtype)
    launch(x[most - 1:], w, y, residual[most - 1:] if has_residual else None, gated)
    verify_same(f"{name}, {kind}: the last token alone", y, first[most - 1:most])
    y, lame = poisoned(most, width, dtype=dtype), x.clone()
    lame[most // 2] = NAN
    launch(lame, w, y, residual, gated)
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
            launch(h, down, y, residual=x, early=early)
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
        for name, (_, depth, _, _) in (SHAPES | ODD).items():
            most = 16 if depth <= 3072 else 8
            every = kind == "bf16" and name in SHAPES
            check_shape(name, kind, [t for t in (range(1, 17) if every else (1, 2, 4, 5, 8, 9, 13, 16)) if t <= most])
        for tokens in (1, 3, 8, 16):
            check_chain(kind, tokens, False)
            check_chain(kind, tokens, True)
