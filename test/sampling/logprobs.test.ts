import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tokenLogprobs } from '../../src/sampling/logprobs.ts';
import { Sampler } from '../../src/sampling/sampler.ts';
import { SamplingError } from '../../src/sampling/sampling-error.ts';
import { SequenceSampling } from '../../src/sampling/sequence-sampling.ts';
import { samplingParams } from './params.ts';

test('agrees with sorting all log-probabilities', () => {
  const logits = fc.array(fc.oneof(fc.integer({ min: -4, max: 4 }), fc.double({ min: -30, max: 30, noNaN: true })), {
    minLength: 1,
    maxLength: 80,
  });
  fc.assert(
    fc.property(logits, fc.nat(), fc.integer({ min: 0, max: 25 }), fc.nat({ max: 5 }), (list, pick, n, padding) => {
      const row = Float32Array.from([...list, ...new Array<number>(padding).fill(3)]);
      const tokenId = pick % list.length;
      const total = row.reduce((sum, logit) => sum + Math.exp(logit - 30), 0);
      const sorted = list
        .map((_, id) => ({ tokenId: id, logit: row[id]!, logprob: row[id]! - 30 - Math.log(total) }))
        .sort((a, b) => b.logit - a.logit || a.tokenId - b.tokenId);
      const result = tokenLogprobs(row, tokenId, n, list.length);
      expect(result.top.map((entry) => entry.tokenId)).toEqual(sorted.slice(0, n).map((entry) => entry.tokenId));
      for (const [i, entry] of result.top.entries()) expect(entry.logprob).toBeCloseTo(sorted[i]!.logprob, 10);
      expect(result.rank).toBe(sorted.findIndex((entry) => entry.tokenId === tokenId) + 1);
      expect(result.logprob).toBeCloseTo(sorted[result.rank - 1]!.logprob, 10);
    }),
    { numRuns: 500, seed: 3 },
  );
});

test('are those of the raw distribution, padding in the normaliser only', () => {
  const sampler = new Sampler({ logitsWidth: 4, vocabSize: 3 });
  const params = samplingParams({ logprobs: 2, logitBias: [[0, 100]] });
  const { tokenId, logprobs } = sampler.sample(
    Float32Array.of(0, 0, Math.log(2), Math.log(4)),
    new SequenceSampling(params, [], [], { fallbackSeed: 0 }),
  );
  expect(tokenId).toBe(0);
  expect(logprobs?.rank).toBe(2);
  expect(logprobs?.logprob).toBeCloseTo(Math.log(1 / 8), 6);
  expect(logprobs?.top.map((entry) => entry.tokenId)).toEqual([2, 0]);
});

test('are of listed tokens, in their order, where some are listed', () => {
  const sampler = new Sampler({ logitsWidth: 4, vocabSize: 3 });
  const params = samplingParams({ logprobs: 1, logprobTokenIds: [1, 0], allowedTokenIds: [0] });
  const row = Float32Array.of(0, Math.log(3), Math.log(2), Math.log(4));
  const { logprobs } = sampler.sample(row, new SequenceSampling(params, [], [], { fallbackSeed: 0 }));
  expect(logprobs).toMatchObject({ tokenId: 0, rank: 3 });
  expect(logprobs?.logprob).toBeCloseTo(Math.log(1 / 10), 6);
  expect(logprobs?.top.map(({ tokenId }) => tokenId)).toEqual([1, 0]);
  expect(logprobs?.top[0]?.logprob).toBeCloseTo(Math.log(3 / 10), 6);
});

test('only when asked for', () => {
  const sampler = new Sampler({ logitsWidth: 2, vocabSize: 2 });
  const sample = (logprobs: number | null) =>
    sampler.sample(
      Float32Array.of(0, 1),
      new SequenceSampling(samplingParams({ logprobs }), [], [], { fallbackSeed: 0 }),
    );
  expect(sample(null).logprobs).toBeNull();
  expect(sample(0).logprobs).toMatchObject({ tokenId: 1, rank: 1, top: [] });
});

test.each([[[Number.NaN, 1]], [[1, Number.POSITIVE_INFINITY]], [[-Infinity, -Infinity]]])('refuses %j', (row) => {
  expect(() => tokenLogprobs(Float32Array.from(row), 1, 1)).toThrow(SamplingError);
});
