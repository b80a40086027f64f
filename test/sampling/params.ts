import type { SamplingParams } from '../../src/sampling/sampling-params.ts';

/** Everything off, greedy; `overrides` on top. */
export function samplingParams(overrides: Partial<SamplingParams> = {}): SamplingParams {
  return {
    temperature: 0,
    topP: 1,
    topK: 0,
    minP: 0,
    repetitionPenalty: 1,
    presencePenalty: 0,
    frequencyPenalty: 0,
    logitBias: [],
    seed: 1,
    minTokens: 0,
    ignoreEos: false,
    stopTokenIds: [],
    logprobs: null,
    ...overrides,
  };
}
