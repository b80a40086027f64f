"""The Hopper kernels of the experts against float64: the one for 1 to 8 tokens, and the grouped products for any number."""
import itertools

import torch

from checks import DTYPES, poisoned, relative_error, verify, verify_same
from driver import Module, TensorMap, num_multiprocessors, structure
from test_route import Router

TOP_K, HEADER, THREADS = 6, 128, 288
SHAPES = {"V2Lite": (2048, 1408, 64), "V2": (5120, 1536, 160)}  # hidden, inter, experts
TOLERANCE = {"f16": 1e-3, "bf16": 4e-3}
KINDS = ("random", "same", "one", "distinct", "holes", "zipf")  # of routing; see there
modules = {}


def module(name):
    if name not in modules:
        modules[name] = Module(name)
    return modules[name]


class Layer:
    """Random weights of one layer."""
    small, grouped = "", ""                            # what the kernels' names have more than these for f16
    shared = 2                                         # experts behind those that are chosen from, which every token has
    small_tokens = {"V2Lite": 8, "V2": 4}              # up to how many the kernel for few tokens is taken
    # Tiles: up to how many pairs of an expert, slots and weight rows, slots that are copied at once, blocks of an SM.
    tiles = ((3.3, (32, 128), 32, 1), (52, (64, 256), 32, 1), (float("inf"), (128, 256), 64, 1))
    read_once = 24                                     # up to how many pairs of an expert its weights are said to be read once

    def __init__(self, size, suffix):
        self.size, self.suffix, self.dtype = size, suffix, DTYPES[suffix]
        self.hidden, self.inter, self.experts = SHAPES[size]
        self.all, self.choices = self.experts + self.shared, TOP_K + self.shared
        self.gate_up = torch.empty(self.all, 2 * self.inter, self.hidden, dtype=torch.float16, device="cuda").normal_(0, 0.02)
        self.down = torch.empty(self.all, self.hidden, self.inter, dtype=torch.float16, device="cuda").normal_(0, 0.02)
        self.expert_bytes = 3 * 2 * self.hidden * self.inter

    def weights(self):
        """Of each product: the matrix, its scales."""
        return (self.gate_up, None), (self.down, None)

    def matrices(self, expert):
        return self.gate_up[expert].double(), self.down[expert].double()

    def tokens(self, count):
        return torch.randn(count, self.hidden, device="cuda").to(self.dtype)

    def reference(self, x, ids, weights):
        y = torch.zeros(x.shape, dtype=torch.float64, device="cuda")
        for e in ids[(ids >= 0) & (ids < self.all)].unique().tolist():
            t, k = (ids == e).nonzero(as_tuple=True)
            gate_up, down = self.matrices(e)
            both = x[t].double() @ gate_up.T
            hidden = torch.nn.functional.silu(both[:, 0::2]) * both[:, 1::2]
            y.index_add_(0, t, hidden @ down.T * weights[t, k].double()[:, None])
        return y


class Small:
    """Launches of the kernel for few tokens; one workspace for all of them."""

    def __init__(self, layer, tokens=8):
        self.layer, self.name = layer, f"smallExperts{layer.size}{layer.small}"
        self.workspace = torch.full((HEADER + tokens * layer.choices * layer.inter * 2,), 255, dtype=torch.uint8, device="cuda")  # h: NaN
        self.workspace[:HEADER] = 0

    def __call__(self, x, ids, weights, y, logits=None, scale=1.0, grid=None):
        small = module("hopper-experts-small.cubin")
        (gate_up, up_scales), (down, down_scales) = self.layer.weights()
        arguments = [x, ids, weights, logits, float(scale), gate_up, up_scales, down, down_scales, y, self.workspace, len(x)]
        small.launch(f"{self.name}_{self.layer.suffix}", (grid or num_multiprocessors(),), THREADS, arguments,
                     shared=small.int(f"{self.name}_sharedBytes"), early=True)

    def run(self, x, ids, weights, **options):
        self.workspace[HEADER:] = 255
        y = torch.full_like(x, float("nan"))
        self(x, ids, weights, y, **options)
        return y


def sum_experts(rows, ids, weights, residual, second, norm, normed, total, experts, many=None):
    tokens, hidden = residual.shape
    kernel = "sumExpertsMany" if (tokens >= 1024 if many is None else many) else "sumExperts"
    block = min(640, 32 * -(-hidden // 256))
    module("hopper-experts-sum.cubin").launch(
        f"{kernel}_{'f16' if residual.dtype == torch.float16 else 'bf16'}", (tokens,), block,
        [rows, ids, weights, residual, second, norm, normed, total, ids.shape[1], hidden, experts, 1e-6], early=True)


class Grouped:
    """Launches as cuda/ops/grouped-experts.ts makes them, but for routing and grouping, which test_route.py holds to what is expected here."""

    def __init__(self, layer, tokens):
        self.layer, pairs = layer, tokens * layer.choices
        self.h = poisoned(pairs, layer.inter, dtype=torch.float16)
        self.rows = poisoned(pairs, layer.hidden, dtype=torch.float16)
        self.residual, self.normed = (torch.zeros(tokens, layer.hidden, dtype=layer.dtype, device="cuda") for _ in range(2))
        self.norm = torch.ones(layer.hidden, dtype=layer.dtype, device="cuda")

    def tile(self, tokens):
        return next(tile[1:] for tile in self.layer.tiles if tokens * TOP_K / self.layer.experts <= tile[0])

    def group(self, ids, slots):
        """The groups, and the pair of each slot: sorted by expert, the pairs of an expert in random order."""
        flat, experts = ids.flatten().long(), self.layer.all
        isExpert = (flat >= 0) & (flat < experts)
        shuffled = torch.where(isExpert, flat + torch.rand(flat.shape, dtype=torch.float64, device=ids.device) / 2, torch.inf)
        pair_of_slot = shuffled.argsort()[:int(isExpert.sum())]
        items, at = [], 0
        for expert, count in enumerate(torch.bincount(flat[isExpert], minlength=experts).tolist()):
            items += [[expert, at + i, min(slots, count - i), 0] for i in range(0, count, slots)]
            at += count
        max_items = experts + len(flat) // slots
        groups = torch.full((4 + 4 * max_items + len(flat),), -7, dtype=torch.int32, device=ids.device)
        groups[:2] = torch.tensor([len(items), at])
        groups[4:4 + 4 * len(items)] = torch.tensor(items, dtype=torch.int32).flatten()
        groups[4 + 4 * max_items:][:at] = pair_of_slot
        return groups, pair_of_slot

    def __call__(self, ids, weights, y, groups, tile):
        """self.rows holds the tokens in the order of the slots. y: the sum over the experts, added to a residual stream of zeros."""
        layer = self.layer
        pairs, experts = ids.numel(), layer.all
        products = module(f"hopper-experts-grouped{'-int8' if layer.grouped else ''}.cubin")
        (slots, weight_rows), box, blocks = tile
        variant = f"{slots}x{weight_rows}"
        shared = products.int(f"grouped{layer.grouped}_{variant}_sharedBytes")
        for kernel, (matrix, scales), source, out in zip(("Up", "Down"), layer.weights(), (self.rows, self.h), (self.h, self.rows)):
            matrix_map = TensorMap(matrix.view(-1, matrix.shape[2]), weight_rows)
            source_map = TensorMap(source[:pairs], box)
            shape = structure(depth=matrix.shape[2], rowTiles=matrix.shape[1] // weight_rows, outWidth=out.shape[1], maxItems=experts + pairs // slots,
                              isReadOnce=int(len(ids) * TOP_K <= layer.read_once * layer.experts))
            tensors = [matrix_map, source_map, *([] if scales is None else [scales]), groups, out, shape]
            grid = (blocks * num_multiprocessors(),)
            products.launch(f"grouped{layer.grouped}{kernel}_{variant}", grid, 384, tensors, shared=shared, early=True)
        count = len(ids)
        sum_experts(self.rows, ids, weights, self.residual[:count], None, self.norm, self.normed[:count], y, experts)

    def run(self, x, ids, weights, tile=None):
        tile = tile or self.tile(len(x))
        self.h.fill_(float("nan"))
        self.rows.fill_(float("nan"))
        y = torch.full_like(x, float("nan"))
        groups, pair_of_slot = self.group(ids, tile[0][0])
        self.rows[:len(pair_of_slot)] = x[pair_of_slot // self.layer.choices].half()
        self(ids, weights, y, groups, tile)
        return y


def routing(tokens, layer, kind):
    """Random choices and weights, the shared experts behind them."""
    experts = layer.experts

    def draw(count=experts):
        return torch.rand(tokens, count, device="cuda").topk(TOP_K).indices
    if kind == "random":
        ids = draw()
    elif kind == "same":        # every expert gets all tokens
        ids = torch.randperm(experts, device="cuda")[:TOP_K].repeat(tokens, 1)
    elif kind == "distinct":    # every pair another expert
        ids = torch.randperm(experts, device="cuda")[:tokens * TOP_K].view(tokens, TOP_K)
    elif kind == "one":         # one expert gets all tokens
        ids = draw(experts - 1)
        ids[:, tokens % TOP_K] = experts - 1
    elif kind == "holes":       # experts of another rank
        ids = draw()
    elif kind == "zipf":
        rarity = torch.arange(1, experts + 1, device="cuda") ** 0.7
        ids = (torch.rand(tokens, experts, device="cuda").log() * rarity).topk(TOP_K).indices
    ids = torch.cat([ids, torch.arange(experts, layer.all, device="cuda").expand(tokens, -1)], -1)
    if kind == "holes":
        ids[torch.rand(ids.shape, device="cuda") < 0.5] = -1
        ids[0] = -1
    return ids.int().contiguous(), torch.rand(tokens, layer.choices, device="cuda")


def verify_experts(name, y, wanted, tolerance):
    if wanted.norm() == 0:
        verify(name, y.double().abs().max().item(), 0)
    else:
        verify(name, relative_error(y, wanted), tolerance)


def small_batches(layer, sizes):
    small, size, suffix = Small(layer), f"{layer.size}{layer.small}", layer.suffix
    for kind in KINDS:
        for tokens in sizes:
            x, (ids, weights) = layer.tokens(tokens), routing(tokens, layer, kind)
            y = small.run(x, ids, weights)
            name = f"small experts {size} {suffix} {kind} T={tokens}"
            verify_experts(name, y, layer.reference(x, ids, weights), TOLERANCE[suffix])
            verify_same(f"{name}: second run", y, small.run(x, ids, weights))
            verify_same(f"{name}: 37 blocks", y, small.run(x, ids, weights, grid=37))
            last = slice(tokens - 1, tokens)
            verify_same(f"{name}: alone", y[last], small.run(x[last].contiguous(), ids[last].contiguous(), weights[last].contiguous()))
    for tokens in sizes:  # routing inside
        x, logits = layer.tokens(tokens), torch.randn(tokens, layer.experts, device="cuda") * 2
        ids = torch.full((tokens, layer.choices), -7, dtype=torch.int32, device="cuda")
        weights = poisoned(tokens, layer.choices, dtype=torch.float32)
        y = small.run(x, ids, weights, logits=logits, scale=1.5)
        top, chosen = logits.double().softmax(-1).topk(TOP_K)
        shared = torch.arange(layer.experts, layer.all, device="cuda").expand(tokens, -1)
        top, chosen = torch.cat([top * 1.5, torch.ones_like(shared, dtype=torch.float64)], -1), torch.cat([chosen, shared], -1)
        name = f"small experts {size} {suffix} routed T={tokens}"
        verify(f"{name} ids", float((ids != chosen).sum()), 0)
        verify(f"{name} weights", (top - weights).abs().max().item(), 1e-6)
        verify_experts(name, y, layer.reference(x, chosen.int(), top), TOLERANCE[suffix])
        verify_same(f"{name}: without ids", y, small.run(x, None, None, logits=logits, scale=1.5))
    verify(f"small experts {size} {suffix}: counters", float(small.workspace[:HEADER].sum()), 0)


def large_batches(layer, sizes):
    grouped, size, suffix = Grouped(layer, max(sizes)), f"{layer.size}{layer.grouped}", layer.suffix
    for tokens in sizes:
        for kind in ("random", "zipf", "one", "holes") if tokens <= 300 else ("random", "zipf"):
            x, (ids, weights) = layer.tokens(tokens), routing(tokens, layer, kind)
            y, wanted = grouped.run(x, ids, weights), layer.reference(x, ids, weights)
            name = f"grouped experts {size} {suffix} {kind} T={tokens}"
            verify_experts(name, y, wanted, TOLERANCE[suffix])
            verify_same(f"{name}: second run", y, grouped.run(x, ids, weights))
            last = slice(tokens - 1, tokens)
            verify_same(f"{name}: alone", y[last], grouped.run(x[last].contiguous(), ids[last].contiguous(), weights[last].contiguous()))
            for _, *tile in layer.tiles:
                verify_same(f"{name}: tiles of {tile[0]}", y, grouped.run(x, ids, weights, tile=tile))


def sums(suffix, tokens, hidden, choices, experts, with_second):
    """The weighted sum over the experts, in the stream, and its norm."""
    dtype = DTYPES[suffix]
    rows = torch.randn(tokens * choices, hidden, device="cuda").half()
    ids = torch.randint(0, experts, (tokens, choices), dtype=torch.int32, device="cuda")
    ids[torch.rand(ids.shape, device="cuda") < 0.2] = -1
    ids[0, -1] = experts
    ids[-1] = -1
    rows.view(tokens, choices, hidden)[(ids < 0) | (ids >= experts)] = float("nan")
    weights = torch.rand(tokens, choices, device="cuda")
    weights[(ids < 0) | (ids >= experts)] = float("nan")
    residual, second = ((torch.randn(tokens, hidden, device="cuda") * 5).to(dtype) for _ in range(2))
    second = second if with_second else None
    norm = torch.randn(hidden, device="cuda").to(dtype)
    normed, total = (poisoned(tokens + 1, hidden, dtype=dtype) for _ in range(2))
    sum_experts(rows, ids, weights, residual, second, norm, normed[:tokens], total[:tokens], experts)
    exist = ((ids >= 0) & (ids < experts))[..., None]
    added = torch.where(exist, 16 * weights.double()[..., None] * rows.view(tokens, choices, hidden).double(), 0).sum(1)
    wanted = residual.double() + added + (second.double() if with_second else 0)
    name = f"sum of experts {suffix} T={tokens} hidden={hidden} choices={choices} second={with_second}"
    verify(f"{name} sum", relative_error(total[:tokens], wanted), TOLERANCE[suffix])
    stream = total[:tokens].double()
    scaled = stream * torch.rsqrt(stream.square().mean(-1, keepdim=True) + 1e-6) * norm.double()
    verify(f"{name} norm", relative_error(normed[:tokens], scaled), TOLERANCE[suffix])
    verify(f"{name}: untouched", float((~normed[tokens:].isnan() | ~total[tokens:].isnan()).sum()), 0)
    last, ignored = (poisoned(1, hidden, dtype=dtype) for _ in range(2))
    one = slice(tokens // 2, tokens // 2 + 1)
    sum_experts(rows.view(tokens, choices, hidden)[one].clone(), ids[one].clone(), weights[one].clone(), residual[one].clone(),
                second[one].clone() if with_second else None, norm, last, ignored, experts)
    verify_same(f"{name} alone", last, normed[one])
    again, sums_again = (poisoned(tokens, hidden, dtype=dtype) for _ in range(2))
    sum_experts(rows, ids, weights, residual, second, norm, again, sums_again, experts, many=True)
    verify_same(f"{name} as for many tokens: sum", sums_again, total[:tokens])
    verify_same(f"{name} as for many tokens: norm", again, normed[:tokens])


def huge_activations(layer):
    """Where h exceeds what f16 holds, the sum stays finite and right."""
    x, (ids, weights) = layer.tokens(40) * 150, routing(40, layer, "random")
    wanted = layer.reference(x, ids, weights)
    expert = int(ids[0, 0])
    both = x.double() @ layer.matrices(expert)[0].T
    largest = (torch.nn.functional.silu(both[:, 0::2]) * both[:, 1::2]).abs().max().item()
    verify("huge activations: h reaches 65504", 65504 / largest, 1)
    verify_experts("huge activations, grouped", Grouped(layer, 40).run(x, ids, weights), wanted, 4e-3)
    small = Small(layer).run(x[:8].contiguous(), ids[:8].contiguous(), weights[:8].contiguous())
    verify_experts("huge activations, small", small, wanted[:8], 4e-3)


def isolated(layer):
    """With few tokens each is a column of the same products: what is not finite in one of them stays there."""
    x, (ids, weights) = layer.tokens(8), routing(8, layer, "zipf")
    small, others = Small(layer), [0, 1, 2, 4, 5, 6, 7]
    y = small.run(x, ids, weights)
    x[3] = float("nan")
    spoiled = small.run(x, ids, weights)
    verify("isolated: NaN in, NaN out", float(spoiled[3].isfinite().sum()), 0)
    verify_same(f"isolated {layer.size}{layer.small} {layer.suffix}", spoiled[others], y[others])


def stress(layer, tokens, kind, times=60):
    """Many runs of one input: all must give the same bits, in h and in y."""
    x, (ids, weights) = layer.tokens(tokens), routing(tokens, layer, kind)
    small, differing, first = Small(layer, tokens), 0, None
    for _ in range(times):
        y = small.run(x, ids, weights)
        h = small.workspace[HEADER:].view(torch.int16).clone()
        first = first or (y, h)
        differing += not (torch.equal(y, first[0]) and torch.equal(h, first[1]))
    verify(f"stress {layer.size}{layer.small} {layer.suffix} T={tokens} {kind}", float(differing), 0)


def chained(layer, tokens, times=10):
    """Steps one right behind another, each kernel launched while the one ahead still runs, give what they give one by one."""
    inputs = [(layer.tokens(tokens), torch.randn(tokens, layer.experts, device="cuda") * 2) for _ in range(times)]
    if tokens <= layer.small_tokens[layer.size]:
        small = Small(layer)

        def step(x, logits, y):
            small(x, None, None, y, logits=logits)
    else:
        router, grouped = Router(layer.experts, TOP_K, shared=layer.shared), Grouped(layer, tokens)
        tile, gather = grouped.tile(tokens), router.gather if tokens <= 512 else router.gather_many
        groups, outputs = router.new_groups(tokens, tile[0][0]), router.outputs(tokens)

        def step(x, logits, y):
            gather(layer.suffix, x, logits, *outputs, groups, grouped.rows, tile[0][0])
            grouped(*outputs, y, groups, tile)
    apart, together = ([torch.full_like(x, float("nan")) for x, _ in inputs] for _ in range(2))
    for (x, logits), y in zip(inputs, apart):
        step(x, logits, y)
        torch.cuda.synchronize()
    for (x, logits), y in zip(inputs, together):
        step(x, logits, y)
    for i in range(times):
        verify_same(f"chained {layer.size}{layer.grouped} {layer.suffix} T={tokens}, step {i}", together[i], apart[i])


def run():
    for suffix in ("bf16", "f16"):
        for tokens, hidden, choices, with_second in itertools.product((1, 3, 300), (256, 2048, 5120, 5128, 12288), (6, 8, 17), (False, True)):
            sums(suffix, tokens, hidden, choices, 66, with_second)
        layer = Layer("V2Lite", suffix)
        small_batches(layer, range(1, 9))
        isolated(layer)
        large_batches(layer, (9, 33, 64, 100, 300, 1024, 2500))
        for tokens in (1, 8, 9, 32, 64, 256, 700):
            chained(layer, tokens)
    huge_activations(Layer("V2Lite", "bf16"))
    for size in ("V2Lite", "V2"):
        layer = Layer(size, "bf16")
        if size == "V2":
            small_batches(layer, (1, 3, 8))
            large_batches(layer, (5, 50, 300, 1024))
        for tokens, kind in ((4, "same"), (8, "random"), (8, "zipf")):
            stress(layer, tokens, kind)
