import { invalidRequest } from '../errors.ts';
import type { GenerationFields } from './sampling-schema.ts';

export interface TruncationLimits {
  readonly maxModelLen: number;
  /** Tokens of output that were asked for; null = whatever room is left. */
  readonly maxTokens: number | null;
}

/**
 * Cuts a prompt to `truncate_prompt_tokens`, as vLLM does: -1 leaves exactly the room for the output, more than that is
 * refused; the beginning goes unless `truncation_side` says right.
 * @throws ApiError 400 naming truncate_prompt_tokens
 */
export function truncatePrompt(
  tokenIds: readonly number[],
  fields: Pick<GenerationFields, 'truncate_prompt_tokens' | 'truncation_side'>,
  { maxModelLen, maxTokens }: TruncationLimits,
): readonly number[] {
  const asked = fields.truncate_prompt_tokens;
  if (asked == null) return tokenIds;
  const most = maxModelLen - Math.max(maxTokens ?? 1, 1);
  if (asked > most || most < 1 || asked === 0) {
    const reason = asked === 0 ? 'must be -1 or at least 1' : `must leave room for the output: at most ${most}`;
    throw invalidRequest('truncate_prompt_tokens', `Invalid 'truncate_prompt_tokens': ${reason}.`);
  }
  const length = asked === -1 ? most : asked;
  if (tokenIds.length <= length) return tokenIds;
  return fields.truncation_side === 'right' ? tokenIds.slice(0, length) : tokenIds.slice(-length);
}
