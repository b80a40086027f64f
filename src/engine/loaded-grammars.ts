import { invariant } from '../errors.ts';
import type { CompiledGrammar } from '../grammar/compiled-grammar.ts';
import { GrammarRunner } from '../grammar/grammar-runner.ts';
import type { LoadedGrammar } from '../grammar/loaded-grammar.ts';
import type { TokenTrieData } from '../grammar/token-trie.ts';
import { ConstrainedOutput } from './constrained-output.ts';

/** What an engine request says about its grammar. */
export interface RequestGrammar {
  readonly key: string;
  /** The text loses one leading space before it has to match. */
  readonly stripLeadingSpace: boolean;
}

/** Grammars in the engine thread. */
export class LoadedGrammars {
  readonly #eosTokenIds: readonly number[];
  readonly #grammars = new Map<string, LoadedGrammar>();
  #runner: GrammarRunner | null = null;

  constructor(eosTokenIds: readonly number[]) {
    this.#eosTokenIds = eosTokenIds;
  }

  /** @param trie the vocabulary, with the first grammar */
  add(key: string, compiled: CompiledGrammar, trie: TokenTrieData | null): void {
    if (trie !== null) this.#runner = new GrammarRunner(trie, this.#eosTokenIds);
    invariant(this.#runner, 'a grammar came before the vocabulary');
    this.#grammars.set(key, this.#runner.load(compiled));
  }

  /** Outputs that are under way go on. */
  forget(key: string): void {
    this.#grammars.delete(key);
  }

  open({ key, stripLeadingSpace }: RequestGrammar): ConstrainedOutput {
    const grammar = this.#grammars.get(key);
    invariant(grammar && this.#runner, 'a request came before its grammar');
    return new ConstrainedOutput(grammar, this.#runner.vocabSize, stripLeadingSpace);
  }
}
