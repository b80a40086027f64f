import { invalidRequest } from '../errors.ts';
import type { TextCodec } from './served-model.ts';

/** Enough for 1,000 words with and without a space before them. */
const MAX_TOKENS_PER_WORD = 256;

/**
 * Token sequences of words that an output must not contain: each word as it stands, for the beginning of the text, and
 * after a space (vLLM's bad_words).
 * @throws ApiError 400 naming the word that has too many tokens
 */
export async function encodeBadWords(words: readonly string[], text: TextCodec): Promise<number[][]> {
  const sequences = new Map<string, number[]>();
  for (const [index, word] of words.entries()) {
    const trimmed = word.trimStart();
    for (const spelling of [trimmed, ` ${trimmed}`]) {
      const ids = [...(await text.encodePrompt(spelling, false))];
      if (ids.length > MAX_TOKENS_PER_WORD) {
        const param = `bad_words.${index}`;
        throw invalidRequest(param, `Invalid '${param}': must have at most ${MAX_TOKENS_PER_WORD} tokens.`);
      }
      if (ids.length > 0) sequences.set(ids.join(), ids);
    }
  }
  return [...sequences.values()];
}
