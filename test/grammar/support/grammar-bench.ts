import { fileURLToPath } from 'node:url';
import { grammarVocabulary } from '../../../src/engine/grammar-vocabulary.ts';
import { compileGrammar } from '../../../src/grammar/compile-grammar.ts';
import { GrammarError } from '../../../src/grammar/grammar-error.ts';
import type { GrammarMatcher } from '../../../src/grammar/grammar-matcher.ts';
import { GrammarRunner } from '../../../src/grammar/grammar-runner.ts';
import type { GrammarSpec } from '../../../src/grammar/grammar-spec.ts';
import type { LoadedGrammar } from '../../../src/grammar/loaded-grammar.ts';
import { hasToken, maskWords } from '../../../src/grammar/token-set.ts';
import { buildTokenTrie } from '../../../src/grammar/token-trie.ts';
import { loadTokenizer } from '../../../src/text/tokenizer.ts';

/** The tokenizer of the shipped model: 4,072 byte-level tokens and 18 special ones. */
export const tokenizer = await loadTokenizer(fileURLToPath(new URL('../../../models/latent-tiny', import.meta.url)));
export const EOS = tokenizer.eosTokenId!;
export const vocabulary = grammarVocabulary(tokenizer, [EOS]);
export const runner = new GrammarRunner(buildTokenTrie(vocabulary.vocabulary), [EOS]);

export function load(spec: GrammarSpec): LoadedGrammar {
  return runner.load(compileGrammar(spec, vocabulary.specialTokens));
}

export function loadSchema(schema: unknown): LoadedGrammar {
  return load({ type: 'jsonSchema', schema: JSON.stringify(schema) });
}

/** Why a spec cannot be compiled. */
export function refusal(spec: GrammarSpec): { message: string; path: string } {
  try {
    compileGrammar(spec, vocabulary.specialTokens);
  } catch (error) {
    if (error instanceof GrammarError) return { message: error.message, path: error.path.join('.') };
    throw error;
  }
  throw new Error('it was compiled');
}

export function maskOf(matcher: GrammarMatcher): Int32Array {
  const mask = new Int32Array(maskWords(tokenizer.size));
  matcher.fillMask(mask);
  return mask;
}

export function tokensOf(mask: Int32Array): number[] {
  return Array.from({ length: tokenizer.size }, (_, id) => id).filter((id) => hasToken(mask, id));
}

/** A generator of its own: the same numbers in every run. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}

export interface Walk {
  readonly tokens: readonly number[];
  readonly text: string;
  /** Whether the end token was chosen. */
  readonly hasEnded: boolean;
}

/**
 * An output of a model that knows nothing: any token that the mask lets through, and, so that outputs end, ones that close
 * something once the output is long.
 */
export function walk(grammar: LoadedGrammar, random: () => number, stripLeadingSpace = false, maxTokens = 300): Walk {
  const matcher = grammar.open(stripLeadingSpace);
  const tokens: number[] = [];
  const end = (hasEnded: boolean): Walk => {
    const text = tokenizer.decode(tokens, { skipSpecialTokens: true });
    return { tokens, text: stripLeadingSpace ? text.replace(/^ /, '') : text, hasEnded };
  };
  while (tokens.length < maxTokens) {
    const mask = maskOf(matcher);
    let allowed = tokensOf(mask).filter((id) => id !== EOS);
    const mayEnd = hasToken(mask, EOS);
    if (mayEnd && (allowed.length === 0 || random() < 0.3)) return end(true);
    if (allowed.length === 0) throw new Error(`nothing can follow ${JSON.stringify(end(false).text)}`);
    if (tokens.length > 40) {
      const closing = allowed.filter((id) => /["\]}]/.test(tokenizer.tokenText(id)));
      if (closing.length > 0 && random() < 0.9) allowed = closing;
    }
    const token = allowed[Math.floor(random() * allowed.length)]!;
    if (!matcher.accept(token)) throw new Error(`${token} was in the mask but is not accepted`);
    tokens.push(token);
  }
  return end(false);
}

/** Whether a text is a whole match, and every token of it was in its mask. */
export function accepts(grammar: LoadedGrammar, text: string, stripLeadingSpace = false): boolean {
  const matcher = grammar.open(stripLeadingSpace);
  for (const id of tokenizer.encode(text, { specialTokens: 'text' })) {
    if (!hasToken(maskOf(matcher), id)) return false;
    if (!matcher.accept(id)) throw new Error(`${id} was in the mask but is not accepted`);
  }
  return matcher.isComplete;
}
