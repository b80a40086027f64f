import { invalidRequest } from '../errors.ts';
import type { GenerationFields } from './sampling-schema.ts';

/** How the outputs of a prompt are searched for; the width is the plan's `n`. */
export interface BeamPlan {
  /** Outputs are ranked by log-probability / length^lengthPenalty. */
  readonly lengthPenalty: number;
}

type Refusal = readonly [name: keyof GenerationFields, isAsked: boolean];

/**
 * Whether beam search was asked for, with nothing beside it that it could not honour.
 * @param hasGrammar the answer must match a grammar
 * @throws ApiError 400 naming the field that does not go with beam search
 */
export function beamPlan(fields: GenerationFields, maxTokens: number | null, hasGrammar: boolean): BeamPlan | null {
  const lengthPenalty = fields.length_penalty ?? 1;
  if (fields.use_beam_search !== true) {
    if (lengthPenalty === 1) return null;
    throw invalidRequest('length_penalty', "Invalid 'length_penalty': needs use_beam_search: true.");
  }
  for (const [name, isAsked] of refusals(fields)) {
    if (isAsked) throw invalidRequest(name, `Invalid '${name}': not available with use_beam_search.`);
  }
  if (hasGrammar) {
    throw invalidRequest('use_beam_search', "Invalid 'use_beam_search': not available where the answer has a form.");
  }
  if (maxTokens === 0) {
    throw invalidRequest('max_tokens', "Invalid 'max_tokens': must be at least 1 with use_beam_search.");
  }
  return { lengthPenalty };
}

/** The search follows the model's own probabilities to the end token; nothing may change either. */
function refusals(fields: GenerationFields): Refusal[] {
  const { temperature, top_k: topK, logit_bias: logitBias } = fields;
  return [
    ['stream', fields.stream === true],
    ['temperature', temperature != null && temperature !== 0 && temperature !== 1],
    ['top_p', fields.top_p != null && fields.top_p !== 1],
    ['top_k', topK != null && topK > 0],
    ['min_p', !isOff(fields.min_p, 0)],
    ['repetition_penalty', !isOff(fields.repetition_penalty, 1)],
    ['presence_penalty', !isOff(fields.presence_penalty, 0)],
    ['frequency_penalty', !isOff(fields.frequency_penalty, 0)],
    ['logit_bias', logitBias != null && logitBias.length > 0],
    ['allowed_token_ids', fields.allowed_token_ids != null],
    ['bad_words', isListed(fields.bad_words)],
    ['stop', isListed(fields.stop)],
    ['stop_token_ids', isListed(fields.stop_token_ids)],
    ['min_tokens', !isOff(fields.min_tokens, 0)],
    ['repetition_detection', fields.repetition_detection != null],
    ['logprob_token_ids', isListed(fields.logprob_token_ids)],
  ];
}

function isOff(value: number | null | undefined, off: number): boolean {
  return value == null || value === off;
}

function isListed(list: readonly unknown[] | null | undefined): boolean {
  return list != null && list.length > 0;
}
