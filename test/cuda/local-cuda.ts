import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CudaDevice } from '../../src/cuda/device.ts';
import type { DeepseekV2Config } from '../../src/deepseek-v2/config.ts';
import { readModelConfig } from '../../src/deepseek-v2/parse-config.ts';
import type { Precision } from '../../src/deepseek-v2/precision.ts';
import { packCheckpoint } from '../../src/packing/pack-checkpoint.ts';
import type { PackedModel } from '../../src/packing/packed-model.ts';
import { CudaRank } from '../../src/ranks/cuda-rank.ts';
import { layOut, PagedStepBuffers } from '../../src/ranks/paged-step-buffers.ts';
import type { Rank } from '../../src/ranks/rank.ts';
import type { SamplingBuffers } from '../../src/ranks/sampling-buffers.ts';
import { decodeBuckets } from '../../src/runner/decode-buckets.ts';
import { PagedRunner } from '../../src/runner/paged-runner.ts';
import type { Runner } from '../../src/runner/runner.ts';
import { type DeviceLimits, type EngineShape, type LocalDevice, LocalEngine } from '../support/local-engine.ts';
import { LocalRankGroup } from '../support/local-rank-group.ts';
import { openCudaRuntime } from './cuda-runtime.ts';

const MAX_LIST_ENTRIES = 2 ** 16;

/** Where tokens are chosen; checked device: each step is computed again, for its logits. */
type Sampler = 'host' | 'device' | 'checked device';

interface GpuOptions {
  readonly sampler?: Sampler;
  readonly blockSize?: number;
}

/** A checkpoint packed for a GPU; engines can be made on it, one after another. */
export class LocalCudaModel implements Disposable {
  readonly config: DeepseekV2Config;
  readonly #precision: Precision;
  readonly #cacheRoot: string;
  readonly #packed: PackedModel;

  private constructor(config: DeepseekV2Config, precision: Precision, cacheRoot: string, packed: PackedModel) {
    this.config = config;
    this.#precision = precision;
    this.#cacheRoot = cacheRoot;
    this.#packed = packed;
  }

  static async load(folder: string, precision: Precision): Promise<LocalCudaModel> {
    const config = await readModelConfig(folder);
    const cacheRoot = mkdtempSync(path.join(tmpdir(), 'latent-serve-test-'));
    const packed = await packCheckpoint({ folder, config, precision, cacheRoot });
    return new LocalCudaModel(config, precision, cacheRoot, packed);
  }

  /** @param blockSize slots of a block; a server's are 64 */
  engine(shape: EngineShape = {}, { sampler = 'host', blockSize = 64 }: GpuOptions = {}): LocalEngine {
    const gpu = new LocalGpu(this.config, this.#precision, this.#packed, { sampler, blockSize });
    return new LocalEngine(this.config, gpu, shape);
  }

  [Symbol.dispose](): void {
    rmSync(this.#cacheRoot, { recursive: true, force: true });
  }
}

class LocalGpu implements LocalDevice {
  readonly blockSize: number;
  readonly #device = new CudaDevice(0);
  readonly #rank: CudaRank;
  readonly #vocabSize: number;
  readonly #sampler: Sampler;
  sampling: readonly SamplingBuffers[] = [];

  constructor(
    config: DeepseekV2Config,
    precision: Precision,
    packed: PackedModel,
    { sampler, blockSize }: Required<GpuOptions>,
  ) {
    this.#sampler = sampler;
    this.blockSize = blockSize;
    this.#vocabSize = config.vocabSize;
    this.#rank = new CudaRank(openCudaRuntime(), this.#device, {
      config,
      precision,
      kvCacheDtype: 'auto',
      kernels: 'auto',
      folder: packed.folder,
      weightsFile: packed.weightsFile,
      weights: packed.tensors,
      blockSize,
    });
  }

  attach({ numBlocks, ...limits }: DeviceLimits): Runner {
    const maxListEntries = this.#sampler !== 'host' ? MAX_LIST_ENTRIES : null;
    const numSlots = this.#sampler === 'device' ? 2 : 1;
    const buffers = PagedStepBuffers.allocate({ ...limits, vocabSize: this.#vocabSize }, maxListEntries, numSlots);
    this.sampling = buffers.flatMap(({ sampling }) => sampling ?? []);
    this.#rank.attach(numBlocks, buffers);
    const rank = this.#sampler === 'checked device' ? withLogits(this.#rank, buffers[0]!) : this.#rank;
    return new PagedRunner(new LocalRankGroup(rank, buffers), {
      blockSize: this.blockSize,
      decodeBuckets: decodeBuckets(limits.maxSequences),
    });
  }

  [Symbol.dispose](): void {
    this.#rank[Symbol.dispose]();
    this.#device[Symbol.dispose]();
  }
}

/** A rank that leaves all logits behind besides what it has sampled. */
function withLogits(rank: CudaRank, buffers: PagedStepBuffers): Rank {
  return {
    begin(awaitLateInputs) {
      rank.begin(awaitLateInputs);
      rank.finish();
      // The step wants no sampling any more; it writes the same latents to the same slots.
      buffers.sampling!.reset(layOut(buffers.shape).byteLength);
      rank.begin(awaitLateInputs);
    },
    finish: () => rank.finish(),
    [Symbol.dispose]: () => rank[Symbol.dispose](),
  };
}
