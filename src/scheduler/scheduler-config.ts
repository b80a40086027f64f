import { invariant } from '../errors.ts';

/** Limits of the scheduler. All are at least 1. */
export interface SchedulerConfig {
  /** Sequences that run at once. */
  readonly maxNumSeqs: number;
  /** Tokens that one step computes. */
  readonly maxNumBatchedTokens: number;
  /** Prompt and output of one sequence, in tokens. */
  readonly maxModelLen: number;
  /** Prefill chunks that one step holds; Infinity where attention takes any mix. */
  readonly maxPrefillChunks: number;
  /** Positions of one step whose logits are wanted; a chunk that wants all its rows is shortened to fit. */
  readonly maxLogitRows: number;
  /** Tokens of one sequence that one step prefills; Infinity leaves it to the token budget. */
  readonly longPrefillChunk: number;
}

/** @throws InvariantError when a limit is not a positive integer (or Infinity) */
export function checkSchedulerConfig(config: SchedulerConfig): void {
  for (const [name, value] of Object.entries(config)) {
    const isCount = Number.isSafeInteger(value) || value === Number.POSITIVE_INFINITY;
    invariant(isCount && value >= 1, `scheduler limit ${name} is ${value}`);
  }
}

/**
 * How many sequences may run at once: never more than a step has tokens or logit rows, so that all of them can decode
 * in every step and the best-ranked one always has a token and a row left for its prefill.
 */
export function maxRunningSequences(config: SchedulerConfig): number {
  return Math.min(config.maxNumSeqs, config.maxNumBatchedTokens, config.maxLogitRows);
}
