"""The Hopper kernels of the products with W_UK and W_UV for some dozens of tokens against float64, and chains of all dense kernels of a decode step."""
import torch

import test_linear_few
from checks import DTYPES, NAN, TOLERANCE, poisoned, rand, relative_error, verify, verify_same
from driver import Module
from test_linear import weights

NOPE, RANK, TOKENS, THREADS, MAX_BLOCKS = 128, 512, 16, 128, 512
COUNTS = (1, 2, 3, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 150, 256)


class HeadProducts:
    """Launches as cuda/ops/few-head-products.ts makes them. shares: blocks that share the tokens."""

    def __init__(self, early=True):
        self.module, self.early = Module("hopper-head-products-few.cubin"), early

    def launch(self, name, tiles, heads, tokens, shares, arguments):
        suffix = "f16" if arguments[0].dtype == torch.float16 else "bf16"
        shares = shares or max(1, min(-(-tokens // TOKENS), MAX_BLOCKS // (tiles * heads)))
        self.module.launch(f"{name}_{suffix}", (tiles, heads, shares), THREADS, arguments, early=self.early)

    def absorb(self, q, q_offset, keys, absorbed, shares=None):
        heads, tokens, _ = absorbed.shape
        self.launch("absorbKeysFew", RANK // 64, heads, tokens, shares, [q[:, q_offset:], keys, absorbed, tokens, q.stride(0)])

    def expand(self, latents, values, rows, shares=None):
        heads, tokens, _ = latents.shape
        width = values.shape[1]
        self.launch("expandValuesFew", width // 16, heads, tokens, shares, [latents, values, rows, tokens, width])


def between(*shape, dtype):
    """A poisoned tensor with poison around it, and that poison."""
    size = torch.Size(shape).numel()
    flat = poisoned(size + 128, dtype=dtype)
    return flat[64:-64].view(shape), (flat[:64], flat[-64:])


def check_tokens(products, kind, keys, values, q, offset, tokens, whole):
    """whole: what a batch has given, or None."""
    (heads, width, _), dtype, title = values.shape, DTYPES[kind], f"{kind}, {len(keys)} heads, {tokens} tokens"
    absorbed, poison = between(heads, tokens, RANK, dtype=dtype)
    rows, more = between(tokens, heads * width, dtype=dtype)
    products.absorb(q[:tokens], offset, keys, absorbed)
    products.expand(absorbed, values, rows)
    verify(f"{title}: around", float(sum((~part.isnan()).sum() for part in poison + more)), 0)
    parts = q[:tokens].double()[:, offset:offset + heads * NOPE].view(tokens, heads, NOPE).transpose(0, 1)
    verify(f"absorb {title}", relative_error(absorbed, parts @ keys.double()), TOLERANCE[kind] / 3)
    wanted = (absorbed.double() @ values.double().transpose(1, 2)).transpose(0, 1).reshape(tokens, -1)
    verify(f"expand {title}", relative_error(rows, wanted), TOLERANCE[kind] / 3)
    if whole:
        verify_same(f"absorb {title}: as in a batch", absorbed, whole[0][:, :tokens])
        verify_same(f"expand {title}: as in a batch", rows, whole[1][:tokens])
    for shares in (1, 2, 3):
        again, other = poisoned(*absorbed.shape, dtype=dtype), poisoned(*rows.shape, dtype=dtype)
        products.absorb(q[:tokens], offset, keys, again, shares)
        products.expand(again, values, other, shares)
        verify_same(f"absorb {title}: {shares} shares", again, absorbed)
        verify_same(f"expand {title}: {shares} shares", other, rows)
    return absorbed, rows


def check_sizes(products, kind, heads, width, counts):
    dtype, offset = DTYPES[kind], 24
    q = poisoned(max(counts) + 8, offset + heads * NOPE + 64, dtype=dtype)
    q[:max(counts), offset:offset + heads * NOPE] = rand(max(counts), heads * NOPE, dtype=dtype)
    keys, values = (rand(heads, n, RANK, dtype=dtype) * n ** -0.5 for n in (NOPE, width))
    whole = None
    for tokens in sorted(counts, reverse=True):
        result = check_tokens(products, kind, keys, values, q, offset, tokens, whole)
        whole = whole or result
    lame, most = q.clone(), max(counts)
    lame[most // 2] = NAN
    others = [t for t in range(most) if t != most // 2]
    absorbed, rows = poisoned(heads, most, RANK, dtype=dtype), poisoned(most, heads * width, dtype=dtype)
    products.absorb(lame[:most], offset, keys, absorbed)
    products.expand(absorbed, values, rows)
    verify_same(f"expand {kind}, {heads} heads: beside a token of NaN", rows[others], whole[1][others])


class Ours:
    """Ways to compute the products of a chain."""

    def __init__(self, early):
        self.products, self.early = HeadProducts(early), early
        self.absorb, self.expand = self.products.absorb, self.products.expand

    def linear(self, x, w, y):
        test_linear_few.launch(x, w, y, early=self.early)


class Chain:
    """The dense products of V2-Lite's attention, layer by layer, each of what the one before has written."""

    def __init__(self, dtype, tokens, layers=4, heads=16, hidden=2048):
        wide = heads * (NOPE + 64) + RANK + 64
        self.layers = [(weights(wide, hidden, dtype), rand(heads, NOPE, RANK, dtype=dtype) * NOPE ** -0.5,
                        rand(heads, NOPE, RANK, dtype=dtype) * RANK ** -0.5, weights(hidden, heads * NOPE, dtype)) for _ in range(layers)]
        self.x = rand(tokens, hidden, dtype=dtype)
        shapes = ((tokens, wide), (heads, tokens, RANK), (tokens, heads * NOPE), (tokens, hidden))
        self.buffers = [tuple(poisoned(*shape, dtype=dtype) for shape in shapes) for _ in self.layers]

    def run(self, way, after=lambda: None):
        """after: what to do behind each of them."""
        x = self.x
        for (q_kv_a, keys, values, o), (q, absorbed, rows, y) in zip(self.layers, self.buffers):
            for call in (lambda: way.linear(x, q_kv_a, q), lambda: way.absorb(q, 0, keys, absorbed), lambda: way.expand(absorbed, values, rows),
                         lambda: way.linear(rows, o, y)):
                call()
                after()
            x = y

    def poison(self):
        for buffer in sum(self.buffers, ()):
            buffer.fill_(NAN)

    def results(self):
        return torch.cat([buffer.flatten() for buffer in sum(self.buffers, ())])


def check_chain(kind, tokens, rounds=20):
    """Launched early right behind one another, in a graph, against one by one."""
    chain, early, ordinary = Chain(DTYPES[kind], tokens), Ours(True), Ours(False)
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        chain.run(early)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        chain.run(early)
    for _ in range(rounds):
        chain.x.copy_(rand(*chain.x.shape, dtype=chain.x.dtype))
        chain.poison()
        chain.run(ordinary, torch.cuda.synchronize)
        wanted = chain.results()
        verify(f"chain, {kind}, {tokens} tokens: finite", float((~wanted.isfinite()).sum()), 0)
        chain.poison()
        graph.replay()
        verify_same(f"chain of programmatic launches, {kind}, {tokens} tokens", chain.results(), wanted)


def run():
    products = HeadProducts()
    for kind in ("bf16", "f16"):
        for heads, width in ((16, 128), (128, 128), (1, 16), (3, 48)):
            check_sizes(products, kind, heads, width, COUNTS)
        for tokens in (2, 9, 16, 17, 32):
            check_chain(kind, tokens)
