import { CudaDevice } from '../../src/cuda/device.ts';
import type { KernelChoice } from '../../src/cuda/ops/gpu-kernels.ts';
import type { DeepseekV2Config } from '../../src/deepseek-v2/config.ts';
import type { KvCacheDtype } from '../../src/deepseek-v2/latent-row.ts';
import type { Precision } from '../../src/deepseek-v2/precision.ts';
import type { PackedModel } from '../../src/packing/packed-model.ts';
import { CudaRank } from '../../src/ranks/cuda-rank.ts';
import { PagedStepBuffers, type PagedStepLimits } from '../../src/ranks/paged-step-buffers.ts';
import { PagedRunner } from '../../src/runner/paged-runner.ts';
import type { WorkEntry } from '../../src/runner/step-work.ts';
import { LocalRankGroup } from '../support/local-rank-group.ts';
import { openCudaRuntime } from './cuda-runtime.ts';

export const BLOCK_SIZE = 64;

export interface StepSessionOptions {
  readonly config: DeepseekV2Config;
  readonly packed: PackedModel;
  readonly precision: Precision;
  readonly kernels: KernelChoice;
  /** auto where absent */
  readonly kvCacheDtype?: KvCacheDtype;
  readonly numBlocks: number;
  readonly limits: Omit<PagedStepLimits, 'vocabSize'>;
  /** Steps of decodes alone are padded to these; none: they run eagerly. */
  readonly decodeBuckets: readonly number[];
}

/** A model on the GPU that is given one step after another, without a scheduler. */
export class StepSession implements Disposable {
  readonly device = new CudaDevice(0);
  readonly #rank: CudaRank;
  readonly #runner: PagedRunner;

  constructor(session: StepSessionOptions) {
    const { config, packed, precision, kernels, kvCacheDtype = 'auto', numBlocks, limits, decodeBuckets } = session;
    const { folder, weightsFile, tensors: weights } = packed;
    const options = { config, precision, kernels, kvCacheDtype, folder, weightsFile, weights, blockSize: BLOCK_SIZE };
    this.#rank = new CudaRank(openCudaRuntime(), this.device, options);
    const buffers = PagedStepBuffers.allocate({ ...limits, vocabSize: config.vocabSize });
    this.#rank.attach(numBlocks, buffers);
    this.#runner = new PagedRunner(new LocalRankGroup<readonly PagedStepBuffers[]>(this.#rank, buffers), {
      blockSize: BLOCK_SIZE,
      decodeBuckets,
    });
  }

  /** Runs one step. @returns the rows of logits that the entries want, in their order */
  run(entries: readonly WorkEntry[]): Float32Array[] {
    const rows = this.#runner.start({ entries, numTokens: entries.reduce((sum, { count }) => sum + count, 0) });
    this.#runner.wait();
    return rows.flatMap(({ firstRow, numRows }) =>
      Array.from({ length: numRows }, (_, i) => this.#runner.logits(firstRow + i).slice()),
    );
  }

  [Symbol.dispose](): void {
    this.#rank[Symbol.dispose]();
    this.device[Symbol.dispose]();
  }
}
