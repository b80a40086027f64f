import type { Finish } from './finish.ts';
import type { Sequence } from './sequence.ts';

/** One sequence's share of a step: the tokens at positions start to start + count - 1 are computed. */
export interface ScheduledEntry {
  readonly sequence: Sequence;
  /** Tokens already in the cache. */
  readonly start: number;
  /** Tokens computed now, at least 1. */
  readonly count: number;
  /**
   * The sequence's own table, not a copy. The first ceil((start + count) / blockSize) blocks belong to this step and
   * never change, whatever happens to the sequence; blocks that later plans append beyond them are to be ignored.
   */
  readonly blockTable: readonly number[];
  /** A next token is wanted from the logits of the last position: the entry reaches the last known token, and maxTokens is not 0. */
  readonly samples: boolean;
  /** The logits of all `count` positions are wanted (prompt log-probabilities). */
  readonly wantsAllRows: boolean;
  /** The one token computed is what the plan before, still in flight, samples for the sequence: nobody knows it yet. */
  readonly isPending: boolean;
}

/** What one step computes. */
export interface StepPlan {
  /**
   * Decodes first, then prefill chunks on top of cached tokens, then those that begin their sequence, which a device may compute another way; each
   * group in scheduling order.
   */
  readonly entries: readonly ScheduledEntry[];
  /** The first `numDecodes` entries compute a single token on top of a filled cache (count 1, start at least 1). */
  readonly numDecodes: number;
  /** Sum of all counts. */
  readonly numTokens: number;
  /** Sequences that begin, or begin again after a preemption, with this step. */
  readonly admitted: readonly Sequence[];
  /** Sequences that lost their blocks to better-ranked ones and wait again. */
  readonly preempted: readonly Sequence[];
}

export interface FinishedSequence extends Finish {
  readonly sequence: Sequence;
}

export interface CommitResult {
  readonly finished: readonly FinishedSequence[];
}
