"""Steps over a paged pool of latents, in float64 and as the kernels see them; what the attention tests share."""
import itertools

import torch

from checks import DTYPES, poisoned, rand


def rotated(x, cosine, sine):
    """x [..., rope] with interleaved pairs; cosine, sine [..., rope / 2]."""
    x0, x1 = x[..., 0::2], x[..., 1::2]
    return torch.stack((x0 * cosine - x1 * sine, x0 * sine + x1 * cosine), -1).flatten(-2)


LARGEST_CODE = {"fp8": 448.0, "int8": 127.0}


class CodedRows:
    """Rows of 8-bit latents (kernels/portable/latent-codes.cuh); code: fp8 or int8. What nobody writes is all ones: NaN in every part, but
    for codes of int8, which get it from their scales."""

    def __init__(self, code, suffix, rank, rope):
        self.code, self.dtype, self.rank, self.rope = code, DTYPES[suffix], rank, rope
        self.blocks = -(-rank // 128)
        self.scales_at = -(-rank // 4) * 4
        self.rotary_at = self.scales_at + 4 * self.blocks
        self.end = self.rotary_at + rope * self.dtype.itemsize
        self.bytes = -(-self.end // 16) * 16

    def empty(self, *shape):
        return torch.full((*shape, self.bytes), 255, dtype=torch.uint8, device="cuda")

    def quantised(self, latents):
        """latents [n, rank + rope] of the stream's type."""
        padded = torch.nn.functional.pad(latents[:, :self.rank].float(), (0, 128 * self.blocks - self.rank)).view(-1, self.blocks, 128)
        largest = torch.full((), LARGEST_CODE[self.code], device="cuda")  # by a number of Python PyTorch would multiply with its rounded inverse
        scales = (padded.abs().amax(-1) / largest).clamp_min(2.0**-100)
        scales = ((scales.view(torch.int32) + 0xffff) & -0x10000).view(torch.float32)  # up to the next bf16
        rows = self.empty(len(latents))
        rows[:, :self.rank] = self.nearest(padded / scales[..., None]).flatten(1)[:, :self.rank]
        rows[:, self.scales_at:self.rotary_at] = scales.view(torch.uint8)
        rows[:, self.rotary_at:self.end] = latents[:, self.rank:].contiguous().view(torch.uint8)
        return rows

    def nearest(self, values):
        """The codes of float32 values in units of the scale; of two equally near that of the even number."""
        if self.code == "fp8":
            return values.to(torch.float8_e4m3fn).view(torch.uint8)
        return (values.round() + 128).to(torch.uint8)

    def values(self, rows):
        """What rows [n, bytes] say, in float64 [n, rank + rope]."""
        codes = rows[:, :self.rank].contiguous()
        values = codes.view(torch.float8_e4m3fn).double() if self.code == "fp8" else codes.double() - 128
        scales = rows[:, self.scales_at:self.rotary_at].contiguous().view(torch.float32).double()
        rotary = rows[:, self.rotary_at:self.end].contiguous().view(self.dtype).double()
        return torch.cat((values * scales.repeat_interleave(128, 1)[:, :self.rank], rotary), 1)


class LatentWriteCase:
    """One step's projections with their offsets and strides, and what the pool and the rotary queries must become."""

    def __init__(self, suffix, tokens, heads, rank, rope, unit=1):
        """unit: offsets and strides are multiples of it."""
        dtype = DTYPES[suffix]
        self.kv_offset, self.q_offset = 5 * unit, 3 * unit
        self.kv = rand(tokens, self.kv_offset + rank + rope + 2 * unit, dtype=dtype)
        self.q = rand(tokens, self.q_offset + heads * rope + unit, dtype=dtype)
        self.weight = rand(rank, dtype=dtype)
        self.weight[:rank // 4] *= 2**-18  # where the rank is 512, a block of small values
        self.kv[1::5] = 0
        angles = rand(tokens, rope // 2) * 100
        self.cosine, self.sine = angles.cos(), angles.sin()
        self.slots = torch.randperm(3 * tokens, device="cuda")[:tokens]
        self.slots[::7] = -1
        self.pool = poisoned(3 * tokens, rank + rope, dtype=dtype)
        self.coded = {code: CodedRows(code, suffix, rank, rope) for code in LARGEST_CODE}
        self.coded_pools = {code: rows.empty(3 * tokens) for code, rows in self.coded.items()}
        self.rotary = poisoned(tokens, heads, rope, dtype=dtype)
        row = self.kv.double()[:, self.kv_offset:]
        normed = row[:, :rank] * torch.rsqrt(row[:, :rank].square().mean(-1, keepdim=True) + 1e-6) * self.weight.double()
        c, s = self.cosine.double(), self.sine.double()
        self.latents = torch.cat((normed, rotated(row[:, rank:rank + rope], c, s)), -1)
        queries = self.q.double()[:, self.q_offset:self.q_offset + heads * rope].view(tokens, heads, rope)
        self.wanted = rotated(queries, c[:, None], s[:, None])


class AttentionCase:
    """sequences: (cached tokens, new tokens) of each. Unused pages are NaN, unused entries of the table out of range.
    code: of 8-bit latents. `wanted` is what they say, `unquantised` what attention over what they were made of gives. normed: latents as
    RMSNorm leaves them, with weights of very different sizes. latent_size, query_size: of the parts without rotary position.
    rounded_from: the kernel of the sequences from this one on rounds what 8-bit latents say to the stream's type; so
    does `wanted`."""

    def __init__(self, suffix, sequences, heads, rank, rope, page, padding=0, ramp=False, code=None, normed=False, unquantised=False,
                 latent_size=1., query_size=1., rounded_from=None):
        dtype, width, self.code = DTYPES[suffix], rank + rope, code
        counts = [new for _, new in sequences]
        self.tokens = sum(counts) + padding
        self.first = torch.tensor([0, *itertools.accumulate(counts)], dtype=torch.int32, device="cuda")
        self.context = torch.tensor([cached for cached, _ in sequences], dtype=torch.int32, device="cuda")
        pages = [-(-(cached + new) // page) if new else 0 for cached, new in sequences]
        self.max_blocks = max(1, *pages)
        order = torch.randperm(sum(pages) + 3).tolist()
        rows_of = CodedRows(code, suffix, rank, rope) if code else None
        self.pool = rows_of.empty(len(order), page) if code else poisoned(len(order), page, width, dtype=dtype)
        self.table = torch.full((len(sequences), self.max_blocks), 2**24, dtype=torch.int32, device="cuda")
        self.absorbed = (rand(heads, self.tokens, rank) * query_size).to(dtype)
        self.rotary = rand(self.tokens, heads, rope, dtype=dtype)
        self.scale = 0.7 / width**0.5 if not ramp else 0.1147
        self.wanted = torch.zeros(heads, self.tokens, rank, device="cuda", dtype=torch.float64)
        self.unquantised = self.wanted.clone() if unquantised else None
        weights = torch.cat((rand(rank).exp(), torch.ones(rope, device="cuda")))
        for s, (cached, new) in enumerate(sequences):
            if new == 0:
                continue
            total, at = cached + new, int(self.first[s])
            blocks = torch.tensor([order.pop() for _ in range(pages[s])], dtype=torch.long, device="cuda")
            self.table[s, :len(blocks)] = blocks.int()
            latents = rand(total, width)
            if ramp:  # later tokens weigh more: the running maximum moves
                latents *= torch.linspace(0.2, 1.5, total, device="cuda")[:, None]
            if normed:
                latents = latents / latents.square().mean(-1, keepdim=True).sqrt() * weights
            latents[:, :rank] *= latent_size
            latents = latents.to(dtype)
            rows = torch.arange(total, device="cuda")
            stored = rows_of.quantised(latents) if code else latents
            self.pool[blocks[rows // page], rows % page] = stored
            keys = rows_of.values(stored) if code else latents.double()
            if code and rounded_from is not None and s >= rounded_from:
                keys = keys.to(dtype).double()
            self._attend(self.wanted, keys, at, new, rank)
            if unquantised:
                self._attend(self.unquantised, latents.double(), at, new, rank)

    def _attend(self, to, keys, at, new, rank):
        """Attention of `new` tokens, the first of which is the step's number `at`, to keys that end with their own."""
        total = len(keys)
        mask = torch.arange(total, device="cuda")[None] > total - new + torch.arange(new, device="cuda")[:, None]
        heads_at_once = max(1, 2**27 // (new * total))
        for h in range(0, len(to), heads_at_once):
            some = slice(h, h + heads_at_once)
            scores = self.absorbed[some, at:at + new].double() @ keys[:, :rank].T
            scores += self.rotary[at:at + new, some].double().transpose(0, 1) @ keys[:, rank:].T
            to[some, at:at + new] = (scores * self.scale).masked_fill_(mask, float("-inf")).softmax(-1) @ keys[:, :rank]
