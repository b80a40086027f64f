import { packVocabulary } from '../grammar/token-trie.ts';
import type { GrammarVocabulary } from '../grammar/worker-messages.ts';
import type { Tokenizer } from '../text/tokenizer.ts';

/** How tokens that are no text look, such as `<｜tool▁call▁begin｜>`; not all tokenizers mark all of them as special. */
const MARK = /^<[|｜].*[|｜]>$/su;
const NO_BYTES = new Uint8Array(0);

/** A tokenizer as grammars see it: special tokens are no text, so that they cannot come inside of a JSON string. */
export function grammarVocabulary(tokenizer: Tokenizer, eosTokenIds: readonly number[]): GrammarVocabulary {
  const specialTokens = tokenizer.addedTokens
    .filter(({ content, special }) => special || MARK.test(content))
    .map(({ id, content }) => ({ id, text: content }));
  const noText = new Set([...specialTokens.map(({ id }) => id), ...eosTokenIds]);
  return {
    vocabulary: packVocabulary(tokenizer.size, (id) => (noText.has(id) ? NO_BYTES : tokenizer.tokenBytes(id))),
    specialTokens,
    eosTokenIds,
  };
}
