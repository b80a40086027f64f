"""Routing, grouping and the tokens' rows for the grouped experts: the kernels for few tokens and for many against the portable routing, bit for bit,
and what experts-grouped.cu expects of the groups."""
import torch

from checks import DTYPES, poisoned, rand, verify, verify_same
from driver import Module, structure

BLOCKS, WARPS, PARTS, WARPS_OF_PART = 8, 16, 64, 32


class Router:
    """Launches as cuda/ops/gather-tokens.ts makes them."""

    def __init__(self, experts, top_k, groups=0, top_groups=0, normalize=0, scale=1.0, shared=0):
        self.experts, self.top_k, self.groups, self.shared = experts, top_k, groups, shared
        self.all, self.choices = experts + shared, top_k + shared
        self.rest = {"groups": groups, "topGroups": top_groups, "normalize": normalize, "scale": float(scale)}
        self.portable, self.module = Module("portable-experts.ptx"), Module("hopper-experts-route.cubin")
        self.many_module = Module("hopper-experts-route-many.cubin")

    def shape(self, tokens):
        return structure(numTokens=tokens, experts=self.experts, topK=self.top_k, shared=self.shared, **self.rest)

    def outputs(self, tokens):
        return torch.full((tokens, self.choices), -7, dtype=torch.int32, device="cuda"), poisoned(tokens, self.choices, dtype=torch.float32)

    def route_portably(self, logits, ids, weights):
        self.portable.launch("portableRoute", (len(logits),), 32, [logits, ids, weights, self.shape(len(logits))],
                             shared=4 * (2 * self.experts + self.groups))

    def max_items(self, tokens, slots):
        return self.all + tokens * self.choices // slots

    def new_groups(self, tokens, slots):
        """The groups, and behind them what the kernels for many tokens count."""
        elements = 4 + 4 * self.max_items(tokens, slots) + 2 * tokens * self.choices + PARTS * self.all
        return torch.full((elements,), -7, dtype=torch.int32, device="cuda")

    def gather(self, suffix, x, logits, ids, weights, groups, rows, slots, early=True):
        tokens, hidden = x.shape
        items, pairs = self.max_items(tokens, slots), tokens * self.choices
        shared = 4 * -(-tokens // BLOCKS) * self.choices + (4 * WARPS * self.experts if self.groups else 0)
        self.module.launch(f"routeAndGroup_{64 if self.experts <= 64 else 256}", (BLOCKS,), 32 * WARPS, [logits, ids, weights, groups, self.shape(tokens), slots, items],
                           shared=shared, early=early)
        self.module.launch(f"spreadRows_{suffix}", (tokens,), 256, [x, groups[4 + 4 * items + pairs:], rows, self.choices, hidden], early=early)


    def gather_many(self, suffix, x, logits, ids, weights, groups, rows, slots, early=True):
        tokens, hidden = x.shape
        pair_of_slot = groups[4 + 4 * self.max_items(tokens, slots):]
        slot_of_pair, counts = pair_of_slot[tokens * self.choices:], pair_of_slot[2 * tokens * self.choices:]
        self.many_module.launch(f"routePart_{64 if self.experts <= 64 else 256}", (PARTS,), 32 * WARPS_OF_PART, [logits, ids, weights, slot_of_pair, counts, self.shape(tokens)],
                                shared=4 * WARPS_OF_PART * self.experts if self.groups else 0, early=early)
        self.many_module.launch("placeParts", (1,), 32 * WARPS_OF_PART, [counts, groups, self.all, slots], early=early)
        self.many_module.launch(f"spreadParts_{suffix}", (tokens,), 256, [x, counts, pair_of_slot, slot_of_pair, rows, self.choices, hidden, self.all], early=early)


def verify_groups(name, ids, groups, experts, max_items, slots):
    """Items cover the slots of each expert once; slots and pairs belong together."""
    pairs = ids.numel()
    head, items = groups[:4].tolist(), groups[4:4 + 4 * max_items].view(-1, 4)
    pair_of_slot = groups[4 + 4 * max_items:][:pairs].long()
    slot_of_pair = groups[4 + 4 * max_items + pairs:][:pairs].long()
    flat = ids.flatten().long()
    isExpert = (flat >= 0) & (flat < experts)
    used, counts = int(isExpert.sum()), torch.bincount(flat[isExpert], minlength=experts)
    verify(f"{name} counts", 0.0 if head[:2] == [int((-(-counts // slots)).sum()), used] else 1.0, 0)
    at, wanted = 0, []
    for expert, count in enumerate(counts.tolist()):
        wanted += [[expert, at + i, min(slots, count - i), 0] for i in range(0, count, slots)]
        at += count
    verify(f"{name} items", 0.0 if items[:head[0]].tolist() == wanted else 1.0, 0)
    order = torch.arange(used, device="cuda")
    verify(f"{name} slots", float((slot_of_pair[pair_of_slot[:used]] != order).sum() + (slot_of_pair[~isExpert] != -1).sum()), 0)
    verify(f"{name} sorted", float((flat[pair_of_slot[:used]].diff() < 0).sum()), 0)


def gather(router, suffix, tokens, hidden, logits, name):
    x = (rand(tokens, hidden) * 3).to(DTYPES[suffix])
    wanted_ids, wanted_weights = router.outputs(tokens)
    router.route_portably(logits, wanted_ids, wanted_weights)
    for slots, way in ((32, router.gather), (64, router.gather), (128, router.gather), (64, router.gather_many), (128, router.gather_many)):
        if way == router.gather and tokens > 3000:
            continue
        ids, weights = router.outputs(tokens)
        groups, rows = router.new_groups(tokens, slots), poisoned(tokens * router.choices, hidden, dtype=torch.float16)
        way(suffix, x, logits, ids, weights, groups, rows, slots)
        label = f"route {name} {suffix} T={tokens} tiles of {slots}, {way.__name__}"
        verify_same(f"{label} ids", ids, wanted_ids)
        verify_same(f"{label} weights", weights, wanted_weights)
        verify_groups(label, ids, groups, router.all, router.max_items(tokens, slots), slots)
        pairs = tokens * router.choices
        slot_of_pair = groups[4 + 4 * router.max_items(tokens, slots) + pairs:][:pairs].long()
        verify_same(f"{label} rows", rows[slot_of_pair], x.half().repeat_interleave(router.choices, 0))


def not_a_number():
    """A token whose logits are no numbers has no expert but the shared ones, and the others have theirs."""
    router, tokens = Router(64, 6, shared=2), 40
    logits = torch.randn(tokens, 64, device="cuda")
    logits[7] = float("nan")
    x = torch.randn(tokens, 512, device="cuda").bfloat16()
    for way in (router.gather, router.gather_many):
        ids, weights = router.outputs(tokens)
        groups, rows = router.new_groups(tokens, 32), poisoned(tokens * 8, 512, dtype=torch.float16)
        way("bf16", x, logits, ids, weights, groups, rows, 32)
        name = f"route NaN, {way.__name__}"
        verify(f"{name}: no expert", float((ids[7] != torch.tensor([-1] * 6 + [64, 65], device="cuda")).sum()), 0)
        verify_groups(name, ids, groups, 66, router.max_items(tokens, 32), 32)
        others = torch.arange(tokens, device="cuda") != 7
        verify(f"{name}: the others", float((ids[others, :6].long() != logits[others].topk(6).indices).sum()), 0)


def run():
    routers = {
        "64": (Router(64, 6), 2048), "64 and 2": (Router(64, 6, shared=2), 2048), "160 in groups and 2": (Router(160, 6, 8, 3, 0, 16.0, shared=2), 5120),
        "160 in groups": (Router(160, 6, 8, 3, 0, 16.0), 5120), "normalized": (Router(64, 6, 0, 0, 1), 2048),
        "5": (Router(5, 2), 256), "256": (Router(256, 8, scale=2.5), 512), "255 and 1": (Router(255, 8, shared=1), 512), "9 and 30": (Router(9, 2, 0, 0, 1, shared=30), 256), "24 in groups": (Router(24, 4, 6, 2), 256), "33": (Router(33, 32), 256),
    }
    for name, (router, hidden) in routers.items():
        for tokens in (1, 3, 7, 8, 33, 64, 100, 300, 512, 2049, 8192):
            logits = torch.randn(tokens, router.experts, device="cuda") * 2
            gather(router, "bf16" if tokens % 2 else "f16", tokens, hidden, logits, name)
            gather(router, "bf16", tokens, hidden, logits.round(), f"{name}, many equal")
            if tokens > 1:  # all on the same experts
                gather(router, "bf16", tokens, hidden, logits[:1].expand(tokens, -1).contiguous(), f"{name}, all the same")
    not_a_number()
