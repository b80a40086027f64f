import type { Rank } from '../../src/ranks/rank.ts';
import type { RankGroup } from '../../src/ranks/rank-group.ts';

/** One rank in the engine's own thread: no concurrency, the same results.. */
export class LocalRankGroup<Buffers> implements RankGroup<Buffers> {
  readonly buffers: readonly Buffers[];
  readonly #rank: Rank;

  /** @param rank attached to `buffers` */
  constructor(rank: Rank, buffers: Buffers) {
    this.#rank = rank;
    this.buffers = [buffers];
  }

  /** The engine may still write late inputs: steps run in {@link wait}, one in each. */
  submit(): void {}

  wait(): void {
    this.#rank.begin(() => {});
    this.#rank.finish();
  }

  stop(): void {
    this.#rank[Symbol.dispose]();
  }
}
