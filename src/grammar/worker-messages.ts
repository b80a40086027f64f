import type { CompiledGrammar } from './compiled-grammar.ts';
import type { GrammarSpec } from './grammar-spec.ts';
import type { SpecialToken } from './literal-expr.ts';
import type { TokenTrieData, Vocabulary } from './token-trie.ts';

/** What grammars are over. */
export interface GrammarVocabulary {
  /** Bytes of tokens; special ones spell nothing. */
  readonly vocabulary: Vocabulary;
  readonly specialTokens: readonly SpecialToken[];
  readonly eosTokenIds: readonly number[];
}

export interface GrammarWorkerData extends GrammarVocabulary {
  /** Null: to be built. */
  readonly trie: TokenTrieData | null;
}

/** Main thread to grammar worker. */
export interface CompileJob {
  readonly spec: GrammarSpec;
}

/** Grammar worker to main thread: ready once, then one answer a job. */
export type GrammarWorkerMessage =
  | { readonly type: 'ready'; readonly trie: TokenTrieData }
  | { readonly type: 'compiled'; readonly compiled: CompiledGrammar }
  | {
      readonly type: 'refused';
      readonly message: string;
      readonly path: readonly (string | number)[];
      readonly param: string | null;
    };
