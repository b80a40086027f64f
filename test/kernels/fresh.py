"""Attention of prompts without cached tokens: inputs as kernels/hopper/attention-fresh.cu takes them, and the result in float64."""
import itertools

import torch

from checks import DTYPES, poisoned, rand
from driver import Module, TensorMap, num_multiprocessors, structure

HEAD, ROPE, RANK, TILE = 128, 64, 512, 128
modules = {}


class FreshCase:
    """counts: tokens of the sequences, the first `decodes` of which are not the kernel's. Whatever it must not read is NaN: the tokens of those
    sequences, `padding` tokens behind the last, rows behind the step's, and columns of no query or key. sharp: the running maximum moves."""

    def __init__(self, suffix, counts, heads, decodes=0, padding=0, sharp=False, wants_reference=True):
        dtype = DTYPES[suffix]
        self.suffix, self.counts, self.heads, self.decodes = suffix, counts, heads, decodes
        self.firsts = [0, *itertools.accumulate(counts)]
        self.first = torch.tensor(self.firsts, dtype=torch.int32, device="cuda")
        begin, end = self.firsts[decodes], self.firsts[-1]
        self.tokens = end + padding
        beyond = TILE + 9

        def matrix(offset, width, columns):
            values = poisoned(self.tokens + beyond, columns, dtype=dtype)
            values[begin:end, offset:offset + width] = rand(end - begin, width, dtype=dtype)
            return values
        self.query_column, self.rotary_key_column = 24, RANK
        self.rows = matrix(self.query_column, heads * HEAD, self.query_column + heads * (HEAD + ROPE) + 40)
        self.rotary = matrix(0, heads * ROPE, heads * ROPE)
        self.keys = matrix(0, heads * HEAD, heads * HEAD)
        self.latents = matrix(RANK, ROPE, RANK + ROPE)
        self.values = matrix(0, heads * HEAD, heads * HEAD)
        self.scale = (3. if sharp else 0.7) / (HEAD + ROPE)**0.5
        self.out = poisoned(self.tokens + beyond, heads * HEAD, dtype=dtype)
        if sharp:
            for s in range(decodes, len(counts)):
                factors = torch.linspace(1.5, 0.2, counts[s], device="cuda")[:, None]
                self.keys[self.firsts[s]:self.firsts[s + 1]].mul_(factors)
        self.wanted = self.reference() if wants_reference else None

    def reference(self):
        wanted = poisoned(*self.out.shape, dtype=torch.float64)
        queries = self.rows[:, self.query_column:self.query_column + self.heads * HEAD]
        parts = [x.double().unflatten(1, (self.heads, -1)).transpose(0, 1) for x in (queries, self.rotary, self.keys, self.values)]
        shared = self.latents[:, self.rotary_key_column:].double()
        for begin, end in itertools.pairwise(self.firsts[self.decodes:]):
            mask = torch.ones(end - begin, end - begin, dtype=torch.bool, device="cuda").triu(1)
            at_once = max(1, 2**27 // max(1, end - begin)**2)
            for h in range(0, self.heads, at_once):
                query, rotary, key, value = (x[h:h + at_once, begin:end] for x in parts)
                scores = query @ key.transpose(1, 2) + rotary @ shared[begin:end].T
                weights = (scores * self.scale).masked_fill_(mask, float("-inf")).softmax(-1)
                columns = slice(h * HEAD, (h + at_once) * HEAD)
                wanted[begin:end, columns] = (weights @ value).transpose(0, 1).flatten(1)
        return wanted

    def launcher(self, name="hopper-attention-fresh.cubin"):
        """A function that launches the kernel on self.out."""
        if name not in modules:
            modules[name] = Module(name)
        module = modules[name]
        maps = [TensorMap(x[:self.tokens], TILE) for x in (self.rows, self.rotary, self.keys, self.latents, self.values)]
        chunks = len(self.counts) - self.decodes
        tokens = self.tokens - self.firsts[self.decodes]
        grid = min(num_multiprocessors(), self.heads * (tokens // TILE + chunks))
        shape = structure(numSequences=chunks, heads=self.heads, queryColumn=self.query_column, rotaryKeyColumn=self.rotary_key_column,
                          scale=float(self.scale))
        first, shared = self.first[self.decodes:], module.int("attentionFresh_sharedBytes")
        return lambda: module.launch(f"attentionFresh_{self.suffix}", (grid,), 384, [*maps, first, self.out, shape], shared=shared)
