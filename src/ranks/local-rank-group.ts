import type { Rank } from './rank.ts';
import type { RankGroup } from './rank-group.ts';

/** One rank in the engine's own thread: no concurrency, the same results. For tests and for measuring the engine alone. */
export class LocalRankGroup<Buffers> implements RankGroup<Buffers> {
  readonly buffers: readonly Buffers[];
  readonly #rank: Rank;

  /** @param rank attached to `buffers` */
  constructor(rank: Rank, buffers: Buffers) {
    this.#rank = rank;
    this.buffers = [buffers];
  }

  /** The engine may still write late inputs: the step runs in {@link wait}. */
  submit(): void {}

  wait(): void {
    this.#rank.run(() => {});
  }

  stop(): void {
    this.#rank[Symbol.dispose]();
  }
}
