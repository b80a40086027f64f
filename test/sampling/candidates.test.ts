import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BlockMaxima } from '../../src/sampling/block-maxima.ts';
import { Candidates } from '../../src/sampling/candidates.ts';
import type { SamplingParams } from '../../src/sampling/sampling-params.ts';
import { samplingParams } from './params.ts';
import { referenceDistribution } from './reference-sampler.ts';

function select(logits: readonly number[], params: SamplingParams): { ids: number[]; probabilities: number[] } {
  const values = Float32Array.from(logits);
  const blocks = new BlockMaxima(values.length);
  const candidates = new Candidates(values.length);
  candidates.select(values, blocks, blocks.compute(values), params);
  return {
    ids: [...candidates.ids.subarray(0, candidates.count)],
    probabilities: [...candidates.weights.subarray(0, candidates.count)].map((w) => w / candidates.totalWeight),
  };
}

function expectSame(logits: readonly number[], params: SamplingParams): void {
  const rounded = logits.map(Math.fround);
  const reference = referenceDistribution(rounded, params);
  if (reference.nucleusMargin < 1e-9) return; // either cut is right: the sums are rounded in another order
  const expected = reference.candidates.filter((candidate) => candidate.probability > 1e-18);
  const selected = select(rounded, params);
  const probable = selected.ids.map((id, i) => ({ id, probability: selected.probabilities[i]! }));
  const actual = probable.filter((candidate) => candidate.probability > 1e-18);
  expect(actual.map((candidate) => candidate.id)).toEqual(expected.map((candidate) => candidate.id));
  for (const [i, candidate] of actual.entries()) {
    expect(Math.abs(candidate.probability - expected[i]!.probability)).toBeLessThan(1e-12);
  }
}

const logit = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: -20, max: 20, noNaN: true }) },
  { weight: 3, arbitrary: fc.integer({ min: -3, max: 3 }) }, // ties
  { weight: 1, arbitrary: fc.constant(Number.NEGATIVE_INFINITY) },
  { weight: 1, arbitrary: fc.constantFrom(1e30, -1e30, 1e-40, 0, -0) },
);
const filters = fc.record({
  temperature: fc.oneof(fc.constantFrom(0.3, 0.7, 1, 1.5, 2), fc.double({ min: 1e-5, max: 100, noNaN: true })),
  topK: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 1000 })),
  topP: fc.oneof(fc.constant(1), fc.double({ min: 1e-6, max: 1, noNaN: true })),
  minP: fc.oneof(fc.constant(0), fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
});

test.each([
  ['tiny', 1, 8, 1500],
  ['a few blocks', 9, 400, 400],
  ['many blocks', 1000, 6000, 25],
])('keeps what sorting everything keeps: %s vocabularies', (_name, minLength, maxLength, numRuns) => {
  const logits = fc.array(logit, { minLength, maxLength, size: 'max' });
  fc.assert(
    fc.property(logits, filters, (values, chosen) => {
      fc.pre(values.some((value) => value > Number.NEGATIVE_INFINITY));
      expectSame(values, samplingParams(chosen));
    }),
    { numRuns, seed: 7 },
  );
});

test('equal logits over the whole vocabulary: filters keep the lowest ids', () => {
  const logits = new Array<number>(5000).fill(1.5);
  expect(select(logits, samplingParams({ temperature: 1, topK: 100 })).ids).toEqual([...Array(100).keys()]);
  expect(select(logits, samplingParams({ temperature: 1, topP: 0.25 })).ids.length).toBeCloseTo(1250, -1);
  expect(select(logits, samplingParams({ temperature: 1, minP: 1 })).ids.length).toBe(5000);
});

test('top_k = 1 keeps the lowest of the likeliest ids', () => {
  expect(select([0, 5, 5, 1], samplingParams({ temperature: 2, topK: 1 })).ids).toEqual([1]);
});

test('the nucleus is the smallest set that reaches top_p, and never empty', () => {
  const logits = [0.5, 0.25, 0.15, 0.1].map(Math.log);
  expect(select(logits, samplingParams({ temperature: 1, topP: 0.74 })).ids).toEqual([0, 1]);
  expect(select(logits, samplingParams({ temperature: 1, topP: 0.76 })).ids).toEqual([0, 1, 2]);
  expect(select(logits, samplingParams({ temperature: 1, topP: 1e-9 })).ids).toEqual([0]);
});

test('values spread over all magnitudes of float32', () => {
  const logits = Array.from({ length: 600 }, (_, i) => (i % 2 === 0 ? 1 : -1) * 2 ** ((i % 260) - 140));
  for (const topK of [1, 3, 64, 65, 200, 599]) expectSame(logits, samplingParams({ temperature: 1e30, topK }));
});
