"""The Hopper kernels of the routed experts against float64: the one for 1 to 32 tokens, and the grouped products for any number."""
import torch

from checks import DTYPES, poisoned, relative_error, verify, verify_same
from driver import Module, TensorMap, num_multiprocessors, structure

TOP_K, HEADER, THREADS = 6, 128, 288
SHAPES = {"V2Lite": (2048, 1408, 64), "V2": (5120, 1536, 160)}  # hidden, inter, experts
TOLERANCE = {"f16": 1e-3, "bf16": 4e-3}
KINDS = ("random", "same", "one", "distinct", "holes", "zipf")
modules = {}


def module(name):
    if name not in modules:
        modules[name] = Module(name)
    return modules[name]


class Layer:
    """Random weights of one layer."""
    small, grouped = "", ""                            # what the kernels' names have more than these for f16
    small_tokens = {"V2Lite": 32, "V2": 32}            # up to how many the kernel for few tokens is taken
    tiles = ((12, 32), (40, 64), (float("inf"), 128))  # up to how many pairs of an expert, slots of a tile
    boxes = {32: 32, 64: 64, 128: 128}                 # slots of a tile, and of what is copied at once
    blocks = {32: 1, 64: 1, 128: 1}                    # of an SM

    def __init__(self, size, suffix):
        self.size, self.suffix, self.dtype = size, suffix, DTYPES[suffix]
        self.hidden, self.inter, self.experts = SHAPES[size]
        self.gate_up = torch.empty(self.experts, 2 * self.inter, self.hidden, dtype=torch.float16, device="cuda").normal_(0, 0.02)
        self.down = torch.empty(self.experts, self.hidden, self.inter, dtype=torch.float16, device="cuda").normal_(0, 0.02)
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
        for e in ids[(ids >= 0) & (ids < self.experts)].unique().tolist():
            t, k = (ids == e).nonzero(as_tuple=True)
            gate_up, down = self.matrices(e)
            both = x[t].double() @ gate_up.T
            hidden = torch.nn.functional.silu(both[:, 0::2]) * both[:, 1::2]
            y.index_add_(0, t, hidden @ down.T * weights[t, k].double()[:, None])
        return y


class Small:
    """Launches of the kernel for few tokens; one workspace for all of them."""

    def __init__(self, layer, tokens=32):
        self.layer, self.name = layer, f"smallExperts{layer.size}{layer.small}"
        self.workspace = torch.full((HEADER + tokens * TOP_K * layer.inter * 2,), 255, dtype=torch.uint8, device="cuda")  # h: NaN
        self.workspace[:HEADER] = 0

    def __call__(self, x, ids, weights, y, logits=None, scale=1.0, grid=None):
        small = module("hopper-experts-small.cubin")
        (gate_up, up_scales), (down, down_scales) = self.layer.weights()
        arguments = [x, ids, weights, logits, float(scale), gate_up, up_scales, down, down_scales, y, self.workspace, len(x)]
        small.launch(f"{self.name}_{self.layer.suffix}", (grid or num_multiprocessors(),), THREADS, arguments,
                     shared=small.int(f"{self.name}_sharedBytes"))

    def run(self, x, ids, weights, **options):
        self.workspace[HEADER:] = 255
        y = torch.full_like(x, float("nan"))
        self(x, ids, weights, y, **options)
        return y


class Grouped:
    """Launches as cuda/ops/grouped-experts.ts makes them, but for routing and grouping, which test_route.py holds to what is expected here."""

    def __init__(self, layer, tokens):
        self.layer, pairs = layer, tokens * TOP_K
        self.h = poisoned(pairs, layer.inter, dtype=torch.float16)
        self.rows = poisoned(pairs, layer.hidden, dtype=torch.float16)

    def slots(self, tokens):
        return next(n for most, n in self.layer.tiles if tokens * TOP_K / self.layer.experts <= most)

    def group(self, ids, slots):
        """The groups, and the pair of each slot: sorted by expert, the pairs of an expert in random order."""
        flat, experts = ids.flatten().long(), self.layer.experts
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

    def __call__(self, ids, weights, y, groups, slots):
        """self.rows holds the tokens in the order of the slots."""
        layer, m = self.layer, module("hopper-experts-grouped.cubin")
        pairs, experts = len(ids) * TOP_K, layer.experts
        products = module(f"hopper-experts-grouped{'-int8' if layer.grouped else ''}.cubin")
        weight_rows, shared = 256 if slots == 128 else 128, products.int(f"grouped{layer.grouped}_{slots}_sharedBytes")
        for kernel, (matrix, scales), source, out in zip(("Up", "Down"), layer.weights(), (self.rows, self.h), (self.h, self.rows)):
            matrix_map = TensorMap(matrix.view(-1, matrix.shape[2]), weight_rows)
            source_map = TensorMap(source[:pairs], layer.boxes[slots])
            shape = structure(depth=matrix.shape[2], rowTiles=matrix.shape[1] // weight_rows, outWidth=out.shape[1], maxItems=experts + pairs // slots)
            tensors = [matrix_map, source_map, *([] if scales is None else [scales]), groups, out, shape]
            grid = (layer.blocks[slots] * num_multiprocessors(),)
            products.launch(f"grouped{layer.grouped}{kernel}_{slots}", grid, 384, tensors, shared=shared)
        m.launch(f"sumExperts_{layer.suffix}", (len(ids), -(-layer.hidden // 2048)), 256, [self.rows, ids, weights, y, TOP_K, layer.hidden, experts])

    def run(self, x, ids, weights, slots=None):
        slots = slots or self.slots(len(x))
        self.h.fill_(float("nan"))
        self.rows.fill_(float("nan"))
        y = torch.full_like(x, float("nan"))
        groups, pair_of_slot = self.group(ids, slots)
        self.rows[:len(pair_of_slot)] = x[pair_of_slot // TOP_K].half()
        self(ids, weights, y, groups, slots)
        return y


def routing(tokens, experts, kind):
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
        ids[torch.rand(tokens, TOP_K, device="cuda") < 0.5] = -1
        ids[0] = -1
    elif kind == "zipf":
        rarity = torch.arange(1, experts + 1, device="cuda") ** 0.7
        ids = (torch.rand(tokens, experts, device="cuda").log() * rarity).topk(TOP_K).indices
    return ids.int().contiguous(), torch.rand(tokens, TOP_K, device="cuda")


def verify_experts(name, y, wanted, tolerance):
    if wanted.norm() == 0:
        verify(name, y.double().abs().max().item(), 0)
    else:
        verify(name, relative_error(y, wanted), tolerance)


def small_batches(layer, sizes):
    small, size, suffix = Small(layer), f"{layer.size}{layer.small}", layer.suffix
    for kind in KINDS:
        for tokens in sizes:
            if kind == "distinct" and tokens * TOP_K > layer.experts:
                continue
            x, (ids, weights) = layer.tokens(tokens), routing(tokens, layer.experts, kind)
            y = small.run(x, ids, weights)
            name = f"small experts {size} {suffix} {kind} T={tokens}"
            verify_experts(name, y, layer.reference(x, ids, weights), TOLERANCE[suffix])
            verify_same(f"{name}: second run", y, small.run(x, ids, weights))
            verify_same(f"{name}: 37 blocks", y, small.run(x, ids, weights, grid=37))
            last = slice(tokens - 1, tokens)
            verify_same(f"{name}: alone", y[last], small.run(x[last].contiguous(), ids[last].contiguous(), weights[last].contiguous()))
    for tokens in sizes:  # routing inside
        x, logits = layer.tokens(tokens), torch.randn(tokens, layer.experts, device="cuda") * 2
        ids = torch.full((tokens, TOP_K), -7, dtype=torch.int32, device="cuda")
        weights = poisoned(tokens, TOP_K, dtype=torch.float32)
        y = small.run(x, ids, weights, logits=logits, scale=1.5)
        top, chosen = logits.double().softmax(-1).topk(TOP_K)
        name = f"small experts {size} {suffix} routed T={tokens}"
        verify(f"{name} ids", float((ids != chosen).sum()), 0)
        verify(f"{name} weights", (top * 1.5 - weights).abs().max().item(), 1e-6)
        verify_experts(name, y, layer.reference(x, chosen.int(), top * 1.5), TOLERANCE[suffix])
        verify_same(f"{name}: without ids", y, small.run(x, None, None, logits=logits, scale=1.5))
    verify(f"small experts {size} {suffix}: counters", float(small.workspace[:HEADER].sum()), 0)


def large_batches(layer, sizes):
    grouped, size, suffix = Grouped(layer, max(sizes)), f"{layer.size}{layer.grouped}", layer.suffix
    for tokens in sizes:
        for kind in ("random", "zipf", "one", "holes") if tokens <= 300 else ("random", "zipf"):
            x, (ids, weights) = layer.tokens(tokens), routing(tokens, layer.experts, kind)
            y, wanted = grouped.run(x, ids, weights), layer.reference(x, ids, weights)
            name = f"grouped experts {size} {suffix} {kind} T={tokens}"
            verify_experts(name, y, wanted, TOLERANCE[suffix])
            verify_same(f"{name}: second run", y, grouped.run(x, ids, weights))
            last = slice(tokens - 1, tokens)
            verify_same(f"{name}: alone", y[last], grouped.run(x[last].contiguous(), ids[last].contiguous(), weights[last].contiguous()))
            for slots in layer.boxes:
                verify_same(f"{name}: tiles of {slots}", y, grouped.run(x, ids, weights, slots=slots))


def huge_activations(layer):
    """Where h exceeds what f16 holds, the sum stays finite and right."""
    x, (ids, weights) = layer.tokens(40) * 150, routing(40, layer.experts, "random")
    wanted = layer.reference(x, ids, weights)
    expert = int(ids[0, 0])
    both = x.double() @ layer.matrices(expert)[0].T
    largest = (torch.nn.functional.silu(both[:, 0::2]) * both[:, 1::2]).abs().max().item()
    verify("huge activations: h reaches 65504", 65504 / largest, 1)
    verify_experts("huge activations, grouped", Grouped(layer, 40).run(x, ids, weights), wanted, 4e-3)
    small = Small(layer).run(x[:32].contiguous(), ids[:32].contiguous(), weights[:32].contiguous())
    verify_experts("huge activations, small", small, wanted[:32], 4e-3)


def stress(layer, tokens, kind, times=60):
    """Many runs of one input: all must give the same bits, in h and in y."""
    x, (ids, weights) = layer.tokens(tokens), routing(tokens, layer.experts, kind)
    small, differing, first = Small(layer, tokens), 0, None
    for _ in range(times):
        y = small.run(x, ids, weights)
        h = small.workspace[HEADER:].view(torch.int16).clone()
        first = first or (y, h)
        differing += not (torch.equal(y, first[0]) and torch.equal(h, first[1]))
    verify(f"stress {layer.size}{layer.small} {layer.suffix} T={tokens} {kind}", float(differing), 0)


def run():
    sizes = (1, 2, 3, 7, 8, 9, 16, 17, 25, 32)
    for suffix in ("bf16", "f16"):
        layer = Layer("V2Lite", suffix)
        small_batches(layer, sizes)
        large_batches(layer, (33, 64, 100, 300, 1024, 2500))
    huge_activations(Layer("V2Lite", "bf16"))
    for size in ("V2Lite", "V2"):
        layer = Layer(size, "bf16")
        if size == "V2":
            small_batches(layer, (1, 3, 8, 17, 32))
            large_batches(layer, (50, 300, 1024))
        for tokens, kind in ((4, "same"), (8, "random"), (32, "zipf")):
            stress(layer, tokens, kind)
