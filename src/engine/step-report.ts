import type { TokenLogprobs } from '../sampling/sampling-params.ts';
import type { FinishReason } from './engine.ts';

/** Load of the engine after a step. Counts since the start of the engine where they are totals. */
export interface EngineStats {
  readonly numRunning: number;
  readonly numWaiting: number;
  readonly usedBlocks: number;
  readonly numBlocks: number;
  readonly totalPreemptions: number;
  /** Tokens looked up in and found in the prefix cache. */
  readonly totalPrefixQueries: number;
  readonly totalPrefixHits: number;
}

/** What one step did to the outside: one message from the engine thread per step. */
export interface StepReport {
  readonly type: 'step';
  /** When the step was planned: monotonic milliseconds. The report itself comes once it has run. */
  readonly plannedAt: number;
  /** Sequences that began to run. */
  readonly admitted: readonly number[];
  /** Sequences whose prompt is computed; precedes their first token. */
  readonly started: readonly {
    readonly id: number;
    readonly numCachedTokens: number;
    readonly promptLogprobs: readonly (TokenLogprobs | null)[] | null;
  }[];
  /** New tokens: tokenIds[i] belongs to sequenceIds[i]. */
  readonly sequenceIds: Int32Array;
  readonly tokenIds: Int32Array;
  /** Parallel to tokenIds; null when no sequence of the step wants any. */
  readonly logprobs: readonly (TokenLogprobs | null)[] | null;
  readonly finished: readonly {
    readonly id: number;
    readonly reason: FinishReason | 'repetition';
    readonly stopReason: number | null;
  }[];
  /** Sequences that ended without a result. */
  readonly failed: readonly {
    readonly id: number;
    readonly message: string;
    /** The request allowed no token at all, rather than the model. */
    readonly isRequestFault: boolean;
  }[];
  /** Tokens that the step computed. */
  readonly numTokens: number;
  readonly stats: EngineStats;
}
