import type { RankGroup } from './rank-group.ts';
import type { RankLink } from './rank-link.ts';

export interface LinkedRank<Buffers> {
  readonly buffers: Buffers;
  readonly link: RankLink;
}

/** Ranks in threads of their own, seen from the engine thread. */
export class LinkedRankGroup<Buffers> implements RankGroup<Buffers> {
  readonly buffers: readonly Buffers[];
  readonly #ranks: readonly LinkedRank<Buffers>[];

  constructor(ranks: readonly LinkedRank<Buffers>[]) {
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
