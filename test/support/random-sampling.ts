import fc from 'fast-check';
import type { SamplingParams } from '../../src/sampling/sampling-params.ts';
import { samplingParams } from '../sampling/params.ts';

/**
 * Any mix of sampling parameters. Numbers are sums of few powers of two: the device takes them as float32, and nothing is to
 * be lost on the way.
 */
export function anySampling(vocabSize: number): fc.Arbitrary<SamplingParams> {
  const id = fc.integer({ min: 0, max: vocabSize - 1 });
  const rarely = <T>(value: fc.Arbitrary<T>, off: T): fc.Arbitrary<T> =>
    fc.oneof({ weight: 2, arbitrary: fc.constant(off) }, { weight: 1, arbitrary: value });
  return fc
    .record({
      temperature: fc.constantFrom(0, 9e-6, 0.5, 1, 1.25),
      topK: rarely(fc.constantFrom(1, 5, 40, 2 ** 40), 0),
      topP: rarely(fc.constantFrom(0.875, 0.5), 1),
      minP: rarely(fc.constantFrom(0.0625, 0.25), 0),
      repetitionPenalty: rarely(fc.constantFrom(1.25, 0.75, 2), 1),
      presencePenalty: rarely(fc.constantFrom(0.5, -1.5), 0),
      frequencyPenalty: rarely(fc.constantFrom(0.25, -0.5), 0),
      logitBias: rarely(
        fc.uniqueArray(fc.tuple(id, fc.constantFrom(-100, -1, 0.5, 3)), { maxLength: 6, selector: ([token]) => token }),
        [],
      ),
      minTokens: rarely(fc.integer({ min: 1, max: 12 }), 0),
      stopTokenIds: rarely(fc.array(id, { maxLength: 2 }), []),
      ignoreEos: fc.boolean(),
      allowedTokenIds: rarely(fc.option(fc.array(id, { minLength: 1, maxLength: 60 }), { nil: null }), null),
      badWords: rarely(
        fc.array(fc.array(fc.constantFrom(65, 66, 67), { minLength: 1, maxLength: 3 }), { maxLength: 3 }),
        [],
      ),
      seed: fc.maxSafeInteger(),
      logprobs: fc.constantFrom(null, null, 0, 1, 5, 20, 21),
      logprobTokenIds: rarely(fc.array(id, { maxLength: 3 }), []),
    })
    .map(samplingParams);
}
