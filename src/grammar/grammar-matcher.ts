import type { LoadedGrammar } from './loaded-grammar.ts';
import type { Positions } from './positions.ts';
import { StepBudget } from './step-budget.ts';
import type { TokenMasks } from './token-masks.ts';

/** Follows one output through a grammar. */
export class GrammarMatcher {
  readonly #grammar: LoadedGrammar;
  readonly #masks: TokenMasks;
  readonly #budget = new StepBudget();
  #positions: Positions;

  constructor(grammar: LoadedGrammar, masks: TokenMasks, start: Positions) {
    this.#grammar = grammar;
    this.#masks = masks;
    this.#positions = start;
  }

  /** Whether the output may end here. */
  get isComplete(): boolean {
    return this.#positions.isComplete;
  }

  /**
   * Writes which tokens can come next, one bit each; end tokens where the output may end.
   * @param mask [ceil(vocabSize / 32)]
   * @throws GrammarError when the grammar is too hard to follow
   */
  fillMask(mask: Int32Array): void {
    this.#masks.fill(mask, this.#positions, this.#grammar, this.#budget);
  }

  /**
   * Takes in a token that is not an end token. One that cannot come next changes nothing.
   * @returns whether it could
   * @throws GrammarError when the grammar is too hard to follow
   */
  accept(tokenId: number): boolean {
    const { tracer } = this.#grammar;
    let positions = this.#positions;
    const spelling = this.#masks.spelling(tokenId);
    if (spelling.length === 0) positions = tracer.stepToken(positions, tokenId);
    for (let i = 0; i < spelling.length && !positions.isDead; i++) positions = tracer.step(positions, spelling[i]!);
    if (positions.isDead) return false;
    this.#positions = positions;
    return true;
  }
}
