import type { CompiledGrammar } from './compiled-grammar.ts';
import { LoadedGrammar } from './loaded-grammar.ts';
import type { RuleMachine } from './rule-machine.ts';
import { TokenMasks } from './token-masks.ts';
import type { TokenTrieData } from './token-trie.ts';

/** Rules shared between grammars that are remembered. */
const MAX_LEAVES = 512;

/** Loads grammars over one vocabulary in the thread that follows outputs. */
export class GrammarRunner {
  readonly vocabSize: number;
  readonly #masks: TokenMasks;
  readonly #leaves = new Map<string, RuleMachine>();

  /** @param eosTokenIds tokens that end an output that is a whole match */
  constructor(trie: TokenTrieData, eosTokenIds: readonly number[]) {
    this.#masks = new TokenMasks(trie, eosTokenIds);
    this.vocabSize = this.#masks.vocabSize;
  }

  load(compiled: CompiledGrammar): LoadedGrammar {
    if (this.#leaves.size > MAX_LEAVES) this.#leaves.clear();
    return new LoadedGrammar(compiled, this.#masks, this.#leaves);
  }
}
