import { LinkedRankGroup } from '../../src/ranks/linked-rank-group.ts';
import { PagedStepBuffers } from '../../src/ranks/paged-step-buffers.ts';
import type { RankGroup } from '../../src/ranks/rank-group.ts';
import { RankLink } from '../../src/ranks/rank-link.ts';
import type { SamplingBuffers } from '../../src/ranks/sampling-buffers.ts';
import { decodeBuckets } from '../../src/runner/decode-buckets.ts';
import { PagedRunner } from '../../src/runner/paged-runner.ts';
import type { Runner } from '../../src/runner/runner.ts';
import { HashRank, type HashRankOptions } from './hash-rank.ts';
import type { DeviceLimits, LocalDevice } from './local-engine.ts';
import { LocalRankGroup } from './local-rank-group.ts';

export interface HashDeviceOptions {
  /** Width of a row of logits. */
  readonly width: number;
  readonly poisonToken?: number;
  /** null: the host samples. */
  readonly maxListEntries: number | null;
  /** Steps that may be under way; 1 where absent. */
  readonly numSlots?: number;
  /** Starts a thread for the rank; absent: it runs in this one. */
  readonly startThread?: (data: HashThreadData) => void;
}

export interface HashThreadData {
  readonly memory: readonly PagedStepBuffers['memory'][];
  readonly control: RankLink['memory'];
  readonly options: HashRankOptions;
}

/** A {@link HashRank} for an engine, which finds its sampling in `sampling` or on the host. */
export class HashDevice implements LocalDevice {
  readonly blockSize = 16;
  sampling: readonly SamplingBuffers[] = [];
  readonly #options: HashDeviceOptions;
  #rank: HashRank | null = null;
  #ranks: RankGroup<readonly PagedStepBuffers[]> | null = null;

  constructor(options: HashDeviceOptions) {
    this.#options = options;
  }

  /** Steps with tokens that the engine did not know, where the rank is in this thread. */
  get numTakingSteps(): number {
    return this.#rank?.numTakingSteps ?? 0;
  }

  attach({ numBlocks, ...limits }: DeviceLimits): Runner {
    const { width, maxListEntries, numSlots = 1, poisonToken = null, startThread } = this.#options;
    const buffers = PagedStepBuffers.allocate({ ...limits, vocabSize: width }, maxListEntries, numSlots);
    const options = { numBlocks, blockSize: this.blockSize, poisonToken };
    if (startThread) {
      const link = RankLink.allocate();
      startThread({ memory: buffers.map(({ memory }) => memory), control: link.memory, options });
      this.#ranks = new LinkedRankGroup([{ buffers, link }]);
    } else {
      this.#rank = new HashRank(buffers, options);
      this.#ranks = new LocalRankGroup<readonly PagedStepBuffers[]>(this.#rank, buffers);
    }
    this.sampling = buffers.flatMap(({ sampling }) => sampling ?? []);
    return new PagedRunner(this.#ranks, {
      blockSize: this.blockSize,
      decodeBuckets: decodeBuckets(limits.maxSequences),
    });
  }

  [Symbol.dispose](): void {
    this.#ranks?.stop();
  }
}
