import type { BlockHash } from '../kv-cache/prefix-hash.ts';
import type { SamplingParams } from '../sampling/sampling-params.ts';

/** What scheduling needs to know of a request. */
export interface SequenceRequest {
  readonly promptTokenIds: readonly number[];
  /** 0 only computes the prompt. */
  readonly maxTokens: number;
  readonly sampling: Pick<SamplingParams, 'minTokens' | 'ignoreEos' | 'stopTokenIds' | 'repetitionDetection'>;
  /** The end token ends the output whatever `sampling` says: nothing can follow in its grammar. Absent: it does not. */
  readonly endsAtEos?: boolean;
  /** Lower runs first. */
  readonly priority: number;
  readonly cacheSalt: string | null;
  /** Not null: the logits of every prompt position are wanted, each exactly once. */
  readonly promptLogprobs: number | null;
}

export type SequenceStatus = 'waiting' | 'running' | 'finished';

/**
 * One prompt and its output on their way through the scheduler. Only the scheduler writes to it; others read.
 * Known tokens are the prompt and what has been sampled; computed ones have their latents in the cache. A running
 * sequence that has all but its last known token computed decodes, otherwise it prefills.
 */
export class Sequence {
  readonly id: number;
  readonly request: SequenceRequest;
  readonly eosTokenIds: ReadonlySet<number>;
  readonly stopTokenIds: ReadonlySet<number>;
  readonly outputTokenIds: number[] = [];
  status: SequenceStatus = 'waiting';
  /** Position in the order of arrival; given by the scheduler. */
  arrivalOrder = 0;
  /** Tokens whose latents are in the cache, counted from the first. */
  numComputedTokens = 0;
  /** Tokens after these that steps in flight compute. */
  numTokensInFlight = 0;
  /** Tokens that steps in flight sample; they follow the known ones. */
  numPendingTokens = 0;
  /** Prompt tokens that the prefix cache provided at first admission. */
  numCachedTokens = 0;
  /** Prompt positions whose logits have been handed out (prompt log-probabilities only). */
  numScoredTokens = 0;
  numPreemptions = 0;
  /** Blocks of the latent pool in token order. Grows while the sequence runs; replaced, never shortened, when it loses its blocks. */
  blockTable: number[] = [];
  /** Hashes of full blocks, as far as they were needed; they outlive a preemption, tokens never change. */
  readonly blockHashes: BlockHash[] = [];

  /** @param id Unique among unfinished sequences. */
  constructor(id: number, request: SequenceRequest, eosTokenIds: Iterable<number>) {
    this.id = id;
    this.request = request;
    this.eosTokenIds = new Set(eosTokenIds);
    this.stopTokenIds = new Set(request.sampling.stopTokenIds);
  }

  get numPromptTokens(): number {
    return this.request.promptTokenIds.length;
  }

  get numOutputTokens(): number {
    return this.outputTokenIds.length;
  }

  /** Known tokens: prompt and output. */
  get numTokens(): number {
    return this.request.promptTokenIds.length + this.outputTokenIds.length;
  }

  /** Tokens that are computed once the steps in flight are done. */
  get numPlannedTokens(): number {
    return this.numComputedTokens + this.numTokensInFlight;
  }

  /** Tokens that are known once the steps in flight are done. */
  get numExpectedTokens(): number {
    return this.numTokens + this.numPendingTokens;
  }

  /** Tokens known by then whose latents are still to be computed. */
  get numRemainingTokens(): number {
    return this.numExpectedTokens - this.numPlannedTokens;
  }

  /** Whether it ends by its length with the token that a step in flight samples, whatever that is. */
  endsInFlight(maxModelLen: number): boolean {
    if (this.numPendingTokens === 0) return false;
    const numOutputTokens = this.numOutputTokens + this.numPendingTokens;
    return numOutputTokens >= this.request.maxTokens || this.numExpectedTokens >= maxModelLen;
  }

  /** Prompt positions are left whose logits have to be handed out. */
  get isScoring(): boolean {
    return this.request.promptLogprobs !== null && this.numScoredTokens < this.numPromptTokens;
  }

  /** @throws RangeError when `position` is not that of a known token */
  tokenAt(position: number): number {
    const numPromptTokens = this.numPromptTokens;
    const token =
      position < numPromptTokens
        ? this.request.promptTokenIds[position]
        : this.outputTokenIds[position - numPromptTokens];
    if (token === undefined) throw new RangeError(`sequence ${this.id} has no token at position ${position}`);
    return token;
  }
}

/** Scheduling order: by priority, then by arrival. Negative when `a` goes first; never 0 for two different sequences. */
export function compareRank(a: Sequence, b: Sequence): number {
  return a.request.priority - b.request.priority || a.arrivalOrder - b.arrivalOrder;
}
