/** One sequence's share of a step; the scheduler's ScheduledEntry is one. */
export interface WorkEntry {
  readonly sequence: { tokenAt(position: number): number };
  /** Tokens already in the cache. */
  readonly start: number;
  /** Tokens computed now, at least 1. */
  readonly count: number;
  /** Blocks of the sequence in token order; at least those that hold the tokens up to start + count. */
  readonly blockTable: readonly number[];
  /** The logits of the last of the tokens are wanted. */
  readonly samples: boolean;
  /** The logits of all of them are wanted. */
  readonly wantsAllRows: boolean;
  /** The only token is the one that the step before, which is still under way, samples for the sequence. */
  readonly isPending?: boolean;
}

/** What a runner is given: the tokens that one step computes. The scheduler's StepPlan is one. */
export interface StepWork {
  readonly entries: readonly WorkEntry[];
  /** Sum of all counts. */
  readonly numTokens: number;
}
