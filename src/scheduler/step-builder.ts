import type { SchedulerConfig } from './scheduler-config.ts';
import type { Sequence } from './sequence.ts';
import type { ScheduledEntry, StepPlan } from './step-plan.ts';

/**
 * A step plan in the making, with what the step may still hold. Every decode has its token and its row reserved from
 * the start, so that prefill chunks that go first in scheduling order cannot crowd decodes out.
 */
export class StepBuilder {
  readonly preempted: Sequence[] = [];
  readonly #config: SchedulerConfig;
  readonly #decodes: ScheduledEntry[] = [];
  readonly #chunks: ScheduledEntry[] = [];
  readonly #admitted: Sequence[] = [];
  #tokensLeft: number;
  #rowsLeft: number;
  #chunksLeft: number;

  constructor(config: SchedulerConfig, numDecodes: number) {
    this.#config = config;
    this.#tokensLeft = config.maxNumBatchedTokens - numDecodes;
    this.#rowsLeft = config.maxLogitRows - numDecodes;
    this.#chunksLeft = config.maxPrefillChunks;
  }

  /** Prefill chunks planned so far. */
  get chunks(): readonly ScheduledEntry[] {
    return this.#chunks;
  }

  get hasRoomForChunk(): boolean {
    return this.#tokensLeft > 0 && this.#chunksLeft > 0;
  }

  /** A decode gives its reserved token and row back: it was preempted or has to pause. */
  returnDecode(): void {
    this.#tokensLeft += 1;
    this.#rowsLeft += 1;
  }

  /** Largest chunk of a prefilling sequence from position `start` on; 0 when the step has no room for one. */
  chunkLength(sequence: Sequence, start: number): number {
    if (!this.hasRoomForChunk) return 0;
    const remaining = sequence.numExpectedTokens - start;
    const length = Math.min(remaining, this.#tokensLeft, this.#config.longPrefillChunk);
    if (sequence.isScoring) {
      // Computed again after a preemption: positions whose rows are out already get a chunk of their own, without rows.
      const rescored = sequence.numScoredTokens - start;
      return Math.min(length, rescored > 0 ? rescored : this.#rowsLeft);
    }
    return length === remaining && this.#rowsLeft === 0 ? length - 1 : length;
  }

  addDecode(sequence: Sequence): void {
    this.#decodes.push(toEntry(sequence, 1));
  }

  /** @param count At most {@link chunkLength}. */
  addChunk(sequence: Sequence, count: number): void {
    const entry = toEntry(sequence, count);
    this.#tokensLeft -= count;
    this.#rowsLeft -= entry.wantsAllRows ? count : Number(entry.samples);
    if (count === 1 && entry.start > 0) {
      this.#decodes.push(entry);
    } else {
      this.#chunks.push(entry);
      this.#chunksLeft -= 1;
    }
  }

  addAdmitted(sequence: Sequence, count: number): void {
    this.#admitted.push(sequence);
    this.addChunk(sequence, count);
  }

  /** The finished plan, or null when there is nothing to compute. */
  build(): StepPlan | null {
    const continued = this.#chunks.filter(({ start }) => start > 0);
    const fresh = this.#chunks.filter(({ start }) => start === 0);
    const entries = [...this.#decodes, ...continued, ...fresh];
    if (entries.length === 0) return null;
    return {
      entries,
      numDecodes: this.#decodes.length,
      numTokens: entries.reduce((sum, entry) => sum + entry.count, 0),
      admitted: this.#admitted,
      preempted: this.preempted,
    };
  }
}

function toEntry(sequence: Sequence, count: number): ScheduledEntry {
  const start = sequence.numPlannedTokens;
  return {
    sequence,
    start,
    count,
    blockTable: sequence.blockTable,
    samples: start + count === sequence.numExpectedTokens && sequence.request.maxTokens > 0,
    wantsAllRows: sequence.isScoring && start >= sequence.numScoredTokens,
    isPending: start >= sequence.numTokens,
  };
}
