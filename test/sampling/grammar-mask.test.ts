import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keepMasked } from '../../src/sampling/grammar-mask.ts';
import { Sampler } from '../../src/sampling/sampler.ts';
import { NoTokenLeftError } from '../../src/sampling/sampling-error.ts';
import type { SamplingParams } from '../../src/sampling/sampling-params.ts';
import { SequenceSampling } from '../../src/sampling/sequence-sampling.ts';
import { samplingParams } from './params.ts';

const EOS = 2;

function maskOf(size: number, tokenIds: Iterable<number>): Int32Array {
  const mask = new Int32Array(Math.ceil(size / 32));
  for (const id of tokenIds) mask[id >> 5] = mask[id >> 5]! | (1 << (id & 31));
  return mask;
}

function sampleOne(logits: readonly number[], allowed: readonly number[], params: Partial<SamplingParams>) {
  const state = new SequenceSampling(samplingParams(params), [1, 3], [EOS], { fallbackSeed: 1 });
  const sampler = new Sampler({ logitsWidth: logits.length, vocabSize: logits.length });
  return sampler.sample(Float32Array.from(logits), state, maskOf(logits.length, allowed));
}

describe('masks of grammars', () => {
  it('keepMasked leaves what has a bit, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 200 }), (bits) => {
        const values = Float32Array.from(bits, (_, id) => id);
        keepMasked(
          values,
          maskOf(
            bits.length,
            bits.flatMap((bit, id) => (bit ? [id] : [])),
          ),
        );
        expect(Array.from(values)).toEqual(bits.map((bit, id) => (bit ? id : Number.NEGATIVE_INFINITY)));
      }),
    );
  });

  it('whatever the sampling, the token is one of the mask', () => {
    const logit = fc.double({ min: -30, max: 30, noNaN: true });
    const params = fc.record({
      temperature: fc.constantFrom(0, 0.7, 1.5, 2),
      topP: fc.constantFrom(1, 0.5, 1e-9),
      topK: fc.constantFrom(0, 1, 5),
      minP: fc.constantFrom(0, 0.3, 1),
      repetitionPenalty: fc.constantFrom(1, 1.3, 0.7),
      presencePenalty: fc.constantFrom(0, 2),
      logitBias: fc.constantFrom([], [[5, 100] as const], [[3, -100] as const]),
      seed: fc.nat(),
      minTokens: fc.constantFrom(0, 4),
      ignoreEos: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(logit, { minLength: 8, maxLength: 80 }),
        fc.uniqueArray(fc.nat(7), { minLength: 1 }),
        params,
        (logits, allowed, overrides) => {
          expect(allowed).toContain(sampleOne(logits, allowed, overrides).tokenId);
        },
      ),
    );
  });

  it('log-probabilities stay those of the raw distribution', () => {
    const logits = [0, 1, 2, 3, 4];
    const { tokenId, logprobs } = sampleOne(logits, [1], { logprobs: 2 });
    expect(tokenId).toBe(1);
    const total = logits.reduce((sum, value) => sum + Math.exp(value), 0);
    expect(logprobs!.logprob).toBeCloseTo(1 - Math.log(total), 5);
    expect(logprobs!.top.map(({ tokenId: id }) => id)).toEqual([4, 3]);
  });

  it('end tokens are held back while something else can follow, and only then', () => {
    const logits = [0, 0, 9, 0, 0, 0, 0, 0];
    for (const params of [{ ignoreEos: true }, { minTokens: 3 }]) {
      expect(sampleOne(logits, [EOS, 5], params).tokenId).toBe(5);
      expect(sampleOne(logits, [EOS], params).tokenId).toBe(EOS);
    }
    expect(sampleOne(logits, [EOS, 5], {}).tokenId).toBe(EOS);
  });

  it('what the request forbids beside the grammar stays forbidden', () => {
    expect(() => sampleOne([1, 1, 1, 1], [3], { allowedTokenIds: [0, 1] })).toThrow(NoTokenLeftError);
    expect(sampleOne([1, 1, 1, 9], [1, 3], { badWords: [[3]] }).tokenId).toBe(1);
  });
});
