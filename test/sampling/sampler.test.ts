import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { uniformAt } from '../../src/sampling/random.ts';
import { Sampler } from '../../src/sampling/sampler.ts';
import { SamplingError } from '../../src/sampling/sampling-error.ts';
import type { SamplingParams } from '../../src/sampling/sampling-params.ts';
import { SequenceSampling } from '../../src/sampling/sequence-sampling.ts';
import { samplingParams } from './params.ts';
import { referenceAdjust, referenceDistribution } from './reference-sampler.ts';

const EOS = 2;

function sequence(params: Partial<SamplingParams>, prompt: number[] = [], output: number[] = [], fallbackSeed = 99) {
  const state = new SequenceSampling(samplingParams(params), prompt, [EOS], { fallbackSeed });
  for (const tokenId of output) state.append(tokenId);
  return state;
}

function sampleOne(logits: readonly number[], state: SequenceSampling, vocabSize = logits.length): number {
  return new Sampler({ logitsWidth: logits.length, vocabSize }).sample(Float32Array.from(logits), state).tokenId;
}

describe('greedy', () => {
  test('takes the lowest id among the likeliest, never a padding id', () => {
    expect(sampleOne([1, 3, 0, 3, 2], sequence({}))).toBe(1);
    expect(sampleOne([1, 3, 0, 3, 9, 9], sequence({}), 4)).toBe(1);
    expect(sampleOne([...new Array(200).fill(-1), 4, 4], sequence({ temperature: 9e-6 }))).toBe(200);
  });

  test('obeys bias, penalties and min_tokens', () => {
    expect(sampleOne([1, 3, 0], sequence({ logitBias: [[0, 2.5]] }))).toBe(0);
    expect(sampleOne([2.8, 3, 0], sequence({ repetitionPenalty: 1.2 }, [1]))).toBe(0);
    expect(sampleOne([-1.1, -1, -5], sequence({ repetitionPenalty: 1.2 }, [1]))).toBe(0);
    expect(sampleOne([2.8, 3, 0], sequence({ presencePenalty: 0.5, frequencyPenalty: 0.5 }, [1]))).toBe(1);
    expect(sampleOne([2.8, 3, 0], sequence({ presencePenalty: 0.3 }, [], [1]))).toBe(0);
    expect(sampleOne([2.5, 3, 0], sequence({ frequencyPenalty: 0.2 }, [], [1, 1]))).toBe(1);
    expect(sampleOne([2.5, 3, 0], sequence({ frequencyPenalty: 0.2 }, [], [1, 1, 1]))).toBe(0);
  });

  test('masks the token that would complete a bad word, in the output only', () => {
    const params = { badWords: [[1], [0, 2], [0, 0, 3]] };
    expect(sampleOne([1, 9, 0, 0], sequence(params))).toBe(0);
    expect(sampleOne([1, 9, 8, 0], sequence(params, [0]))).toBe(2);
    expect(sampleOne([1, 9, 8, 0], sequence(params, [], [0]))).toBe(0);
    expect(sampleOne([1, 9, 8, 7], sequence(params, [], [0, 0]))).toBe(0);
    expect(sampleOne([1, 9, 8, 7], sequence(params, [], [0, 1]))).toBe(2);
  });

  test('samples allowed tokens only', () => {
    expect(sampleOne([1, 9, 8, 7], sequence({ allowedTokenIds: [3, 0, 3] }))).toBe(3);
    for (let seed = 0; seed < 50; seed++) {
      expect([0, 3]).toContain(sampleOne([1, 9, 8, 1], sequence({ allowedTokenIds: [0, 3], temperature: 2, seed })));
    }
    expect(sampleOne([1, 9, 8], sequence({ allowedTokenIds: [0, 500] }))).toBe(0);
  });

  test('masks end and stop tokens until min_tokens are out', () => {
    const params = { minTokens: 2, stopTokenIds: [1], logitBias: [[EOS, 100] as const] };
    expect(sampleOne([0, 5, 9], sequence(params))).toBe(0);
    expect(sampleOne([0, 5, 9], sequence(params, [], [0]))).toBe(0);
    expect(sampleOne([0, 5, 9], sequence(params, [], [0, 0]))).toBe(EOS);
  });
});

test('adjustments and draw agree with the plain implementation', () => {
  const vocabSize = 40;
  const id = fc.integer({ min: 0, max: vocabSize - 1 });
  const params = fc.record({
    temperature: fc.constantFrom(0.5, 1, 1.3),
    topK: fc.constantFrom(0, 5, 20),
    topP: fc.constantFrom(1, 0.9, 0.5),
    minP: fc.constantFrom(0, 0.05),
    repetitionPenalty: fc.constantFrom(1, 1.25, 0.75, 2),
    presencePenalty: fc.constantFrom(0, 0.5, -1.5),
    frequencyPenalty: fc.constantFrom(0, 0.25, -0.5),
    logitBias: fc.array(fc.tuple(id, fc.constantFrom(-100, -1, 0.5, 3)), { maxLength: 4 }),
    minTokens: fc.integer({ min: 0, max: 12 }),
    stopTokenIds: fc.array(id, { maxLength: 2 }),
    allowedTokenIds: fc.option(fc.array(id, { minLength: 25, maxLength: 60 }), { nil: null }),
    badWords: fc.array(fc.array(fc.constantFrom(0, 1, 2, 3), { minLength: 1, maxLength: 3 }), { maxLength: 3 }),
    seed: fc.maxSafeInteger(),
  });
  const logits = fc.array(fc.integer({ min: -80, max: 80 }), { minLength: vocabSize, maxLength: vocabSize });
  const tokens = fc.array(fc.oneof(id, fc.constantFrom(0, 1, 2, 3)), { maxLength: 20 });
  const sampler = new Sampler({ logitsWidth: vocabSize, vocabSize });
  fc.assert(
    fc.property(params, logits, tokens, tokens, (chosen, eighths, prompt, output) => {
      const row = eighths.map((value) => value / 8);
      const full = samplingParams(chosen);
      const adjusted = referenceAdjust(row, full, prompt, output, [EOS]).map(Math.fround);
      const { candidates, nucleusMargin } = referenceDistribution(adjusted, full);
      const uniform = uniformAt(full.seed!, output.length);
      let mass = 0;
      let expected = candidates[candidates.length - 1]!.id;
      let drawMargin = 1;
      for (const candidate of [...candidates].reverse()) {
        drawMargin = Math.min(drawMargin, Math.abs(1 - mass - uniform));
        if (1 - mass > uniform) expected = candidate.id;
        mass += candidate.probability;
      }
      fc.pre(nucleusMargin > 1e-6 && drawMargin > 1e-6);
      const before = Float32Array.from(row);
      const { tokenId } = sampler.sample(before, sequence(chosen, prompt, output));
      expect(tokenId).toBe(expected);
      expect([...before]).toEqual(row);
    }),
    { numRuns: 1500, seed: 11 },
  );
});

test('20,000 draws follow the distribution', () => {
  const logits = Array.from({ length: 24 }, (_, i) => Math.sin(i * 1.7) * 2);
  const params = samplingParams({ temperature: 0.8, topP: 0.97, topK: 18, seed: null });
  const { candidates } = referenceDistribution(logits.map(Math.fround), params);
  const sampler = new Sampler({ logitsWidth: 24, vocabSize: 24 });
  const row = Float32Array.from(logits);
  const counts = new Map<number, number>();
  const state = sequence({ ...params }, [], [], 123_456_789);
  const draws = 20_000;
  for (let i = 0; i < draws; i++) {
    const { tokenId } = sampler.sample(row, state);
    counts.set(tokenId, (counts.get(tokenId) ?? 0) + 1);
    state.append(tokenId);
  }
  expect([...counts.keys()].sort((a, b) => a - b)).toEqual(candidates.map((candidate) => candidate.id));
  let chiSquare = 0;
  for (const { id, probability } of candidates) {
    chiSquare += (counts.get(id)! - draws * probability) ** 2 / (draws * probability);
  }
  const freedom = candidates.length - 1;
  expect(chiSquare).toBeLessThan(freedom + 3.1 * Math.sqrt(2 * freedom) + 4); // about p = 0.001
});

describe('seeds', () => {
  const row = (step: number) => Float32Array.from({ length: 300 }, (_, i) => Math.sin(i * 0.37 + step) * 3);
  const generate = (state: SequenceSampling, sampler: Sampler, from: number, to: number): number[] => {
    const tokens: number[] = [];
    for (let step = from; step < to; step++) {
      const { tokenId } = sampler.sample(row(step), state);
      state.append(tokenId);
      tokens.push(tokenId);
    }
    return tokens;
  };
  const params = { temperature: 1, seed: 5, repetitionPenalty: 1.1, topP: 0.95 };

  test('the same seed gives the same tokens among others and after a preemption', () => {
    const sampler = new Sampler({ logitsWidth: 300, vocabSize: 300 });
    const alone = generate(sequence(params, [1, 7]), sampler, 0, 30);
    const other = sequence({ temperature: 2, seed: 6 });
    const state = sequence(params, [1, 7]);
    const inCompany: number[] = [];
    for (let step = 0; step < 30; step++) {
      generate(other, sampler, step, step + 1);
      inCompany.push(...generate(state, sampler, step, step + 1));
    }
    expect(inCompany).toEqual(alone);
    const resumed = sequence(params, [1, 7], alone.slice(0, 11));
    expect(generate(resumed, new Sampler({ logitsWidth: 300, vocabSize: 300 }), 11, 30)).toEqual(alone.slice(11));
  });

  test('different seeds differ; without a seed the fallback counts', () => {
    const sampler = new Sampler({ logitsWidth: 300, vocabSize: 300 });
    const of = (seed: number | null, fallbackSeed: number) =>
      generate(sequence({ temperature: 1, seed }, [], [], fallbackSeed), sampler, 0, 20);
    expect(of(5, 1)).not.toEqual(of(6, 1));
    expect(of(5, 1)).toEqual(of(5, 2));
    expect(of(null, 1)).not.toEqual(of(null, 2));
    expect(of(null, 5)).toEqual(of(5, 1));
  });
});

describe('logits that allow no choice', () => {
  test.each([
    ['NaN', [1, Number.NaN, 2], {}],
    ['NaN first, with temperature', [Number.NaN, 1, 2], { temperature: 1 }],
    ['+Infinity', [1, Number.POSITIVE_INFINITY, 2], { temperature: 1 }],
    ['all -Infinity', new Array(3).fill(Number.NEGATIVE_INFINITY), {}],
    ['nothing but a masked end token', [-Infinity, -Infinity, 1], { minTokens: 1 }],
    ['allowed tokens that are bad words', [1, 2, 3], { allowedTokenIds: [1], badWords: [[1]] }],
  ])('%s', (_name, logits, params) => {
    expect(() => sampleOne(logits, sequence(params))).toThrow(SamplingError);
  });

  test('the next sequence is not affected', () => {
    const sampler = new Sampler({ logitsWidth: 3, vocabSize: 3 });
    expect(() => sampler.sample(Float32Array.of(Number.NaN, 0, 0), sequence({}))).toThrow(SamplingError);
    expect(sampler.sample(Float32Array.of(0, 1, 0), sequence({})).tokenId).toBe(1);
  });

  test('single -Infinity logits are merely never chosen', () => {
    for (let seed = 0; seed < 50; seed++) {
      expect(sampleOne([-Infinity, 0, -Infinity, 0], sequence({ temperature: 100, seed })) % 2).toBe(1);
    }
  });
});
