import { invalidRequest } from '../errors.ts';
import { toWellFormedText } from './well-formed.ts';

/** One prompt of a completion request: text, or token ids as they are. */
export type PromptInput = { readonly text: string } | { readonly tokenIds: readonly number[] };

/**
 * OpenAI's four forms of `prompt`: a string, token ids, or an array of either.
 * @param limits vocabSize in tokens; maxPrompts in one request
 * @throws ApiError 400 naming the element at fault
 */
export function readPrompts(value: unknown, limits: { vocabSize: number; maxPrompts: number }): PromptInput[] {
  if (typeof value === 'string') return [{ text: toWellFormedText(value) }];
  if (!Array.isArray(value)) {
    throw invalidRequest('prompt', "Invalid 'prompt': must be a string, an array of strings, or token ids.");
  }
  if (value.length === 0) throw invalidRequest('prompt', "Invalid 'prompt': must not be empty.");
  if (typeof value[0] === 'number') return [{ tokenIds: readTokenIds(value, limits.vocabSize, 'prompt') }];
  if (value.length > limits.maxPrompts) {
    throw invalidRequest(
      'prompt',
      `Invalid 'prompt': at most ${limits.maxPrompts} prompts are allowed in one request.`,
    );
  }
  const ofTexts = typeof value[0] === 'string';
  return value.map((item: unknown, index): PromptInput => {
    const param = `prompt.${index}`;
    if (ofTexts && typeof item === 'string') return { text: toWellFormedText(item) };
    if (!ofTexts && Array.isArray(item)) return { tokenIds: readTokenIds(item, limits.vocabSize, param) };
    throw invalidRequest(param, `Invalid '${param}': prompts must be all strings or all arrays of token ids.`);
  });
}

/**
 * Token ids of a request, each checked against the vocabulary.
 * @throws ApiError 400 naming the element at fault
 */
export function readTokenIds(items: readonly unknown[], vocabSize: number, param: string): number[] {
  if (items.length === 0) throw invalidRequest(param, `Invalid '${param}': must not be empty.`);
  for (let i = 0; i < items.length; i++) {
    const id = items[i];
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= vocabSize) {
      const at = `${param}.${i}`;
      throw invalidRequest(at, `Invalid '${at}': must be a token id, an integer from 0 to ${vocabSize - 1}.`);
    }
  }
  return items as number[];
}
