import fc from 'fast-check';
import { expect, it } from 'vitest';
import { adjustLogits } from '../../src/sampling/adjust-logits.ts';
import { SequenceSampling } from '../../src/sampling/sequence-sampling.ts';
import { needsMask, writeTokenMask } from '../../src/sampling/token-mask.ts';
import { samplingParams } from './params.ts';

const EOS = 2;

it('a mask forbids the tokens whose logits the sampler would drop', () => {
  const id = fc.integer({ min: 0, max: 99 });
  const params = fc.record({
    minTokens: fc.integer({ min: 0, max: 6 }),
    ignoreEos: fc.boolean(),
    stopTokenIds: fc.array(id, { maxLength: 3 }),
    allowedTokenIds: fc.option(fc.array(id, { minLength: 1, maxLength: 200 }), { nil: null }),
    badWords: fc.array(fc.array(fc.constantFrom(0, 1, 2), { minLength: 1, maxLength: 3 }), { maxLength: 3 }),
  });
  const grammar = fc.option(
    fc.oneof(
      fc.uniqueArray(id),
      fc.constantFrom([EOS], [EOS, 0], []),
      fc.constant(Array.from({ length: 128 }, (_, i) => i)),
    ),
    { nil: null },
  );
  const output = fc.array(fc.constantFrom(0, 1, 2, 40), { maxLength: 8 });
  let emptied = 0;
  fc.assert(
    fc.property(params, grammar, output, fc.integer({ min: 50, max: 100 }), (chosen, allowed, tokens, vocabSize) => {
      const sequence = new SequenceSampling(samplingParams(chosen), [], [EOS], { fallbackSeed: 1 });
      for (const token of tokens) sequence.append(token);
      let grammarMask: Int32Array | null = null;
      if (allowed !== null) {
        grammarMask = new Int32Array(Math.ceil(vocabSize / 32));
        for (const token of allowed) grammarMask[token >> 5]! |= 1 << (token & 31);
      }
      const values = new Float32Array(vocabSize).fill(1);
      adjustLogits(values, sequence, grammarMask);
      // Wider than the vocabulary, and full of an earlier step's bits.
      const mask = new Int32Array(5).fill(0x55555555);
      writeTokenMask(mask, sequence, grammarMask, vocabSize);
      const bits = Array.from({ length: 160 }, (_, token) => ((mask[token >> 5]! >>> (token & 31)) & 1) === 1);
      const wanted = bits.map((_, token) => token < vocabSize && values[token] !== Number.NEGATIVE_INFINITY);
      expect(bits).toEqual(wanted);
      if (grammarMask === null && wanted.slice(0, vocabSize).includes(false)) expect(needsMask(sequence)).toBe(true);
      if (!wanted.includes(true)) emptied++;
    }),
    { numRuns: 2000, seed: 3 },
  );
  expect(emptied).toBeGreaterThan(10);
});
