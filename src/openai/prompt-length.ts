import { contextLengthExceeded, invalidRequest } from '../errors.ts';

/**
 * Refuses a text that cannot fit whatever its tokens are, before it is encoded.
 * @param characters UTF-16 units of the whole prompt
 * @throws ApiError 400 context_length_exceeded
 */
export function checkTextLength(
  characters: number,
  limits: { readonly maxModelLen: number; readonly maxTokenLength: number },
  param: string,
): void {
  if (characters <= limits.maxModelLen * limits.maxTokenLength) return;
  throw invalidRequest(
    param,
    `This model's maximum context length is ${limits.maxModelLen} tokens. However, you requested a prompt of ${characters} characters: the prompt is too long, more than fits into that many tokens. Please reduce the length of the prompt.`,
    'context_length_exceeded',
  );
}

/**
 * A prompt must leave room for at least one token.
 * @throws ApiError 400 for an empty prompt and for one that fills the context
 */
export function checkPromptTokens(tokens: number, maxModelLen: number, param: string): void {
  if (tokens === 0) throw invalidRequest(param, `Invalid '${param}': the prompt has no tokens.`);
  if (tokens >= maxModelLen) throw contextLengthExceeded(maxModelLen, tokens, param);
}
