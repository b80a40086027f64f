import { invalidRequest } from '../errors.ts';
import type { SamplingParams } from '../sampling/sampling-params.ts';
import type { GenerationFields } from './sampling-schema.ts';
import type { GenerationDefaults } from './served-model.ts';

/** OpenAI allows top_p 0, "the likeliest token only"; the sampler wants a positive mass. */
const SMALLEST_TOP_P = 1e-9;

export interface SamplingContext {
  readonly vocabSize: number;
  /** Already clamped to the room in the context. */
  readonly maxTokens: number;
  readonly logprobs: number | null;
  /** Token sequences of bad_words. */
  readonly badWords: readonly (readonly number[])[];
}

/**
 * Wire fields to sampling parameters: the request first, then the model's generation_config.json, then OpenAI's defaults.
 * @throws ApiError 400 when a token id is outside the vocabulary
 */
export function resolveSampling(
  fields: GenerationFields,
  defaults: GenerationDefaults,
  context: SamplingContext,
): SamplingParams {
  const { vocabSize, maxTokens } = context;
  const logitBias = fields.logit_bias ?? [];
  for (const [id] of logitBias) requireToken(id, vocabSize, `logit_bias.${id}`);
  const stopTokenIds = fields.stop_token_ids ?? [];
  requireTokens(stopTokenIds, vocabSize, 'stop_token_ids');
  const allowedTokenIds = fields.allowed_token_ids ?? null;
  if (allowedTokenIds !== null) requireTokens(allowedTokenIds, vocabSize, 'allowed_token_ids');
  const logprobTokenIds = fields.logprob_token_ids ?? [];
  requireTokens(logprobTokenIds, vocabSize, 'logprob_token_ids');
  return {
    temperature: fields.temperature ?? defaults.temperature ?? 1,
    topP: Math.max(fields.top_p ?? defaults.topP ?? 1, SMALLEST_TOP_P),
    topK: Math.max(fields.top_k ?? defaults.topK ?? 0, 0),
    minP: fields.min_p ?? defaults.minP ?? 0,
    repetitionPenalty: fields.repetition_penalty ?? defaults.repetitionPenalty ?? 1,
    presencePenalty: fields.presence_penalty ?? 0,
    frequencyPenalty: fields.frequency_penalty ?? 0,
    logitBias,
    allowedTokenIds,
    badWords: context.badWords,
    seed: fields.seed ?? null,
    minTokens: Math.min(fields.min_tokens ?? 0, maxTokens),
    ignoreEos: fields.ignore_eos ?? false,
    stopTokenIds,
    logprobs: context.logprobs,
    logprobTokenIds,
    repetitionDetection: fields.repetition_detection ?? null,
  };
}

function requireTokens(ids: readonly number[], vocabSize: number, param: string): void {
  for (const [index, id] of ids.entries()) requireToken(id, vocabSize, `${param}.${index}`);
}

function requireToken(id: number, vocabSize: number, param: string): void {
  if (id >= vocabSize) {
    throw invalidRequest(param, `Invalid '${param}': the vocabulary has token ids 0 to ${vocabSize - 1}.`);
  }
}
