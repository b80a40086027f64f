import type { RankGroup } from './rank-group.ts';
import type { RankLink } from './rank-link.ts';
import type { StepBuffers } from './step-buffers.ts';

export interface LinkedRank {
  readonly buffers: StepBuffers;
  readonly link: RankLink;
}

/** Ranks in threads of their own, seen from the engine thread. */
export class LinkedRankGroup implements RankGroup {
  readonly buffers: readonly StepBuffers[];
  readonly #ranks: readonly LinkedRank[];

  constructor(ranks: readonly LinkedRank[]) {
    this.#ranks = ranks;
    this.buffers = ranks.map((rank) => rank.buffers);
  }

  submit(): void {
    for (const { link } of this.#ranks) link.submit();
  }

  wait(): void {
    for (const { link } of this.#ranks) link.wait();
  }

  stop(): void {
    for (const { link } of this.#ranks) link.stop();
  }
}
