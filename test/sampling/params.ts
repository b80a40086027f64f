import { GREEDY_SAMPLING, type SamplingParams } from '../../src/sampling/sampling-params.ts';

/** Everything off, greedy, seeded; `overrides` on top. */
export function samplingParams(overrides: Partial<SamplingParams> = {}): SamplingParams {
  return { ...GREEDY_SAMPLING, seed: 1, ...overrides };
}
