"""Steps over a paged pool of latents, in float64 and as the kernels see them; what the attention tests share."""
import itertools

import torch

from checks import DTYPES, poisoned, rand


def rotated(x, cosine, sine):
    """x [..., rope] with interleaved pairs; cosine, sine [..., rope / 2]."""
    x0, x1 = x[..., 0::2], x[..., 1::2]
    return torch.stack((x0 * cosine - x1 * sine, x0 * sine + x1 * cosine), -1).flatten(-2)


class LatentWriteCase:
    """One step's projections with their offsets and strides, and what the pool and the rotary queries must become."""

    def __init__(self, suffix, tokens, heads, rank, rope, unit=1):
        """unit: offsets and strides are multiples of it."""
        dtype = DTYPES[suffix]
        self.kv_offset, self.q_offset = 5 * unit, 3 * unit
        self.kv = rand(tokens, self.kv_offset + rank + rope + 2 * unit, dtype=dtype)
        self.q = rand(tokens, self.q_offset + heads * rope + unit, dtype=dtype)
        self.weight = rand(rank, dtype=dtype)
        angles = rand(tokens, rope // 2) * 100
        self.cosine, self.sine = angles.cos(), angles.sin()
        self.slots = torch.randperm(3 * tokens, device="cuda")[:tokens]
        self.slots[::7] = -1
        self.pool = poisoned(3 * tokens, rank + rope, dtype=dtype)
        self.rotary = poisoned(tokens, heads, rope, dtype=dtype)
        row = self.kv.double()[:, self.kv_offset:]
        normed = row[:, :rank] * torch.rsqrt(row[:, :rank].square().mean(-1, keepdim=True) + 1e-6) * self.weight.double()
        c, s = self.cosine.double(), self.sine.double()
        self.latents = torch.cat((normed, rotated(row[:, rank:rank + rope], c, s)), -1)
        queries = self.q.double()[:, self.q_offset:self.q_offset + heads * rope].view(tokens, heads, rope)
        self.wanted = rotated(queries, c[:, None], s[:, None])


class AttentionCase:
    """sequences: (cached tokens, new tokens) of each. Unused pages are NaN, unused entries of the table out of range."""

    def __init__(self, suffix, sequences, heads, rank, rope, page, padding=0, ramp=False, reference=True):
        dtype, width = DTYPES[suffix], rank + rope
        counts = [new for _, new in sequences]
        self.tokens = sum(counts) + padding
        self.first = torch.tensor([0, *itertools.accumulate(counts)], dtype=torch.int32, device="cuda")
        self.context = torch.tensor([cached for cached, _ in sequences], dtype=torch.int32, device="cuda")
        pages = [-(-(cached + new) // page) if new else 0 for cached, new in sequences]
        self.max_blocks = max(1, *pages)
        order = torch.randperm(sum(pages) + 3).tolist()
        self.pool = poisoned(len(order), page, width, dtype=dtype)
        self.table = torch.full((len(sequences), self.max_blocks), 2**24, dtype=torch.int32, device="cuda")
        self.absorbed = rand(heads, self.tokens, rank, dtype=dtype)
        self.rotary = rand(self.tokens, heads, rope, dtype=dtype)
        self.scale = 0.7 / width**0.5 if not ramp else 0.1147
        self.wanted = torch.zeros(heads, self.tokens, rank, device="cuda", dtype=torch.float64)
        for s, (cached, new) in enumerate(sequences):
            if new == 0:
                continue
            total, at = cached + new, int(self.first[s])
            blocks = torch.tensor([order.pop() for _ in range(pages[s])], dtype=torch.long, device="cuda")
            self.table[s, :len(blocks)] = blocks.int()
            latents = rand(total, width)
            if ramp:  # later tokens weigh more: the running maximum moves
                latents *= torch.linspace(0.2, 1.5, total, device="cuda")[:, None]
            latents = latents.to(dtype)
            rows = torch.arange(total, device="cuda")
            self.pool[blocks[rows // page], rows % page] = latents
            if not reference:
                continue
            keys = latents.double()
            scores = self.absorbed[:, at:at + new].double() @ keys[:, :rank].T
            scores += self.rotary[at:at + new].double().transpose(0, 1) @ keys[:, rank:].T
            mask = rows[None] > cached + torch.arange(new, device="cuda")[:, None]
            scores = (scores * self.scale).masked_fill_(mask, float("-inf"))
            self.wanted[:, at:at + new] = scores.softmax(-1) @ keys[:, :rank]
