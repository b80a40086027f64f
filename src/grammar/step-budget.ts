import { GrammarError } from './grammar-error.ts';

/** Steps that an output may be ahead: some thirty walks over the vocabulary of a large model, well under a second. */
const MOST_STEPS = 12_000_000;
/** Steps that every mask adds: a few milliseconds. */
const STEPS_PER_MASK = 200_000;

/** Following one reading of a text by a byte costs this many times what a table look-up does. */
export const STEP_COST = 16;

/**
 * Bounds the work for one output: what is found once is dear and what is known is cheap, so only an output whose grammar
 * makes ever new states runs out of it, before it has held up the others for long.
 */
export class StepBudget {
  #left = MOST_STEPS;

  /** Another mask is wanted. */
  renew(): void {
    this.#left = Math.min(this.#left + STEPS_PER_MASK, MOST_STEPS);
  }

  /** @throws GrammarError when the work is too much */
  take(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new GrammarError('takes too long to follow');
  }
}
