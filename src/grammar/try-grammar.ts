import { GrammarError } from './grammar-error.ts';
import type { LoadedGrammar } from './loaded-grammar.ts';
import { hasToken, maskWords } from './token-set.ts';

/** Tokens that are tried. */
const NUM_STEPS = 24;

/**
 * Follows a grammar for some tokens chosen at random, so that one that is too hard to follow, or that the vocabulary
 * cannot spell, is refused before an output depends on it.
 * @throws GrammarError
 */
export function tryGrammar(grammar: LoadedGrammar, vocabSize: number, eosTokenIds: readonly number[]): void {
  const matcher = grammar.open(true);
  const mask = new Int32Array(maskWords(vocabSize));
  let seed = 1;
  for (let step = 0; step < NUM_STEPS; step++) {
    matcher.fillMask(mask);
    const allowed: number[] = [];
    for (let tokenId = 0; tokenId < vocabSize; tokenId++) {
      if (hasToken(mask, tokenId) && !eosTokenIds.includes(tokenId)) allowed.push(tokenId);
    }
    if (allowed.length === 0) {
      if (matcher.isComplete) return;
      throw new GrammarError("cannot be met with the tokens of this model's vocabulary");
    }
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    matcher.accept(allowed[seed % allowed.length]!);
  }
}
