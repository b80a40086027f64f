import { LATENT_SERVE_DOMAIN } from '../../src/cuda/custom-op-domain.ts';
import type { CudaDevice } from '../../src/cuda/device.ts';
import { CudaOps } from '../../src/cuda/ops/cuda-ops.ts';
import type { DeepseekV2Config } from '../../src/deepseek-v2/config.ts';
import { CudaAttention, cudaAttentionNames } from '../../src/deepseek-v2/cuda-attention.ts';
import { cudaDense } from '../../src/deepseek-v2/cuda-dense.ts';
import { cudaExperts } from '../../src/deepseek-v2/cuda-experts.ts';
import { cudaFusions } from '../../src/deepseek-v2/cuda-fusions.ts';
import { type KvCacheDtype, type LatentRow, latentRow } from '../../src/deepseek-v2/latent-row.ts';
import { buildModelGraph, modelNames } from '../../src/deepseek-v2/model-graph.ts';
import { FLOAT32, type Precision } from '../../src/deepseek-v2/precision.ts';
import { encodeModel } from '../../src/onnx/encoder.ts';
import { CustomOpDomain } from '../../src/onnxruntime/custom-op-domain.ts';
import { Env } from '../../src/onnxruntime/env.ts';
import { openOnnxRuntime } from '../../src/onnxruntime/library.ts';
import { Session } from '../../src/onnxruntime/session.ts';
import { SessionOptions } from '../../src/onnxruntime/session-options.ts';
import { Tensor } from '../../src/onnxruntime/tensor.ts';
import type { PackedModel } from '../../src/packing/packed-model.ts';
import { layOut, PagedStepBuffers } from '../../src/ranks/paged-step-buffers.ts';
import type { Rank } from '../../src/ranks/rank.ts';
import { decodeBuckets } from '../../src/runner/decode-buckets.ts';
import { PagedRunner } from '../../src/runner/paged-runner.ts';
import type { Runner } from '../../src/runner/runner.ts';
import type { DeviceLimits, LocalDevice } from './local-engine.ts';
import { LocalRankGroup } from './local-rank-group.ts';
import { OpOracles } from './op-oracles.ts';

/** What the operators ask a device for before they compute anything. */
const NO_DEVICE = { computeCapability: [0, 0], driver: null } as unknown as CudaDevice;

export interface PagedCpuOptions {
  readonly kvCacheDtype?: KvCacheDtype;
  readonly experts?: Precision['experts'];
}

/**
 * The CUDA graph on CPU in float32, experts in any type: the operators declare themselves as they do on a GPU, and compute in JavaScript. What
 * it does not test are the kernels.
 */
export class PagedCpu implements LocalDevice {
  readonly blockSize = 64;
  readonly #config: DeepseekV2Config;
  readonly #row: LatentRow;
  readonly #session: Session;
  readonly #oracles: OpOracles;
  readonly #owned: Disposable[] = [];

  constructor(
    config: DeepseekV2Config,
    packed: PackedModel,
    { kvCacheDtype = 'auto', experts = 'f32' }: PagedCpuOptions = {},
  ) {
    this.#config = config;
    this.#row = latentRow(config, FLOAT32.stream, kvCacheDtype);
    this.#oracles = new OpOracles(this.#row.code);
    const runtime = openOnnxRuntime();
    const domain = new CustomOpDomain(runtime, LATENT_SERVE_DOMAIN);
    const ops = new CudaOps(NO_DEVICE, FLOAT32.stream, 'auto', this.#row.code);
    for (const op of ops.all) domain.registerCustomOp(this.#oracles.replace(op));
    const model = encodeModel(
      buildModelGraph({
        config,
        precision: { ...FLOAT32, experts },
        weights: packed.tensors,
        weightsFile: packed.weightsFile,
        attention: (context) => new CudaAttention(context, { blockSize: this.blockSize, kvCacheDtype }),
        experts: cudaExperts(),
        dense: cudaDense(),
        fusions: cudaFusions,
      }),
    );
    const env = new Env(runtime);
    using options = new SessionOptions(runtime, {
      intraOpNumThreads: 1,
      configEntries: { 'session.model_external_initializers_file_folder_path': packed.folder },
    });
    options.addCustomOpDomain(domain);
    this.#session = new Session(env, model, options);
    this.#owned.push(this.#session, domain, env);
  }

  attach({ numBlocks, ...limits }: DeviceLimits): Runner {
    const { numLayers, vocabSize } = this.#config;
    const [buffers] = PagedStepBuffers.allocate({ ...limits, vocabSize }) as [PagedStepBuffers];
    const { columns, type } = this.#row;
    const slots = numBlocks * this.blockSize;
    const pools = Array.from({ length: numLayers }, () => {
      const size = slots * columns;
      const values = type === 'u8' ? new Uint8Array(size).fill(0xff) : new Float32Array(size).fill(Number.NaN);
      return Tensor.over(this.#session.runtime, values, [slots, columns]);
    });
    const rank: Rank = { begin: () => this.#run(buffers, pools), finish: () => true, [Symbol.dispose]: () => {} };
    const group = new LocalRankGroup(rank, [buffers]);
    return new PagedRunner(group, { blockSize: this.blockSize, decodeBuckets: decodeBuckets(limits.maxSequences) });
  }

  [Symbol.dispose](): void {
    for (const owned of this.#owned) owned[Symbol.dispose]();
  }

  #run(buffers: PagedStepBuffers, pools: readonly Tensor[]): void {
    const { runtime } = this.#session;
    const { shape, memory } = buffers;
    const { offsets, shapes } = layOut(shape);
    this.#oracles.beginStep(shape);
    const length = (dims: readonly number[]): number => dims.reduce((product, size) => product * size, 1);
    const i64 = (name: 'tokenIds' | 'positions' | 'slots' | 'logitRows') =>
      Tensor.over(runtime, new BigInt64Array(memory.inputs, offsets[name], length(shapes[name])), shapes[name]);
    const i32 = (name: 'firstTokens' | 'contextLengths' | 'blockTable') =>
      Tensor.over(runtime, new Int32Array(memory.inputs, offsets[name], length(shapes[name])), shapes[name]);
    const feeds: Record<string, Tensor> = {
      [modelNames.tokenIds]: i64('tokenIds'),
      [modelNames.positions]: i64('positions'),
      [modelNames.logitRows]: i64('logitRows'),
      [cudaAttentionNames.slots]: i64('slots'),
      [cudaAttentionNames.firstTokens]: i32('firstTokens'),
      [cudaAttentionNames.contextLengths]: i32('contextLengths'),
      [cudaAttentionNames.blockTable]: i32('blockTable'),
    };
    pools.forEach((pool, layer) => {
      feeds[cudaAttentionNames.pool(layer)] = pool;
    });
    using logits = this.#session.runOnce(feeds)[modelNames.logits]!;
    buffers.logits.set(logits.data() as Float32Array);
  }
}
