import { GrammarError } from '../grammar/grammar-error.ts';
import type { GrammarMatcher } from '../grammar/grammar-matcher.ts';
import type { LoadedGrammar } from '../grammar/loaded-grammar.ts';
import { maskWords } from '../grammar/token-set.ts';
import { SamplingError } from '../sampling/sampling-error.ts';

/** An output on its way through a grammar: the mask of its next token is made while the model computes that token. */
export class ConstrainedOutput {
  readonly #open: () => GrammarMatcher;
  readonly #mask: Int32Array;
  #matcher: GrammarMatcher | null = null;
  #isFresh = false;
  #failure: GrammarError | null = null;

  /** @param stripLeadingSpace see {@link LoadedGrammar.open} */
  constructor(grammar: LoadedGrammar, vocabSize: number, stripLeadingSpace: boolean) {
    this.#open = () => grammar.open(stripLeadingSpace);
    this.#mask = new Int32Array(maskWords(vocabSize));
  }

  /** Makes the mask, unless it is there already, as after a step whose token was not taken. */
  prepare(): void {
    if (this.#isFresh || this.#failure !== null) return;
    this.#try(() => {
      this.#matcher ??= this.#open();
      this.#matcher.fillMask(this.#mask);
      this.#isFresh = true;
    });
  }

  /** Tokens that can come next, one bit each. @throws SamplingError when the grammar turned out to be too hard */
  get mask(): Int32Array {
    this.prepare();
    this.check();
    return this.#mask;
  }

  get hasFailed(): boolean {
    return this.#failure !== null;
  }

  /** @throws SamplingError when the grammar turned out to be too hard */
  check(): void {
    if (this.#failure !== null) throw new SamplingError(`its grammar ${this.#failure.message}`);
  }

  /** Takes in a token of the mask; end tokens need not be told. */
  accept(tokenId: number): void {
    this.#isFresh = false;
    this.#try(() => this.#matcher?.accept(tokenId));
  }

  /** Errors wait until a token is wanted: they end this output and no other. */
  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof GrammarError)) throw error;
      this.#failure = error;
    }
  }
}
