import type { CpuRank } from './cpu-rank.ts';
import type { RankGroup } from './rank-group.ts';
import type { StepBuffers } from './step-buffers.ts';

/** One rank in the engine's own thread: no concurrency, the same results. For tests and for measuring the engine alone. */
export class LocalRankGroup implements RankGroup {
  readonly buffers: readonly StepBuffers[];
  readonly #rank: CpuRank;

  /** @param rank attached to `buffers` */
  constructor(rank: CpuRank, buffers: StepBuffers) {
    this.#rank = rank;
    this.buffers = [buffers];
  }

  submit(): void {
    this.#rank.run();
  }

  wait(): void {}

  stop(): void {
    this.#rank[Symbol.dispose]();
  }
}
