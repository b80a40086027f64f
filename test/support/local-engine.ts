import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DeepseekV2Config } from '../../src/deepseek-v2/config.ts';
import { readModelConfig } from '../../src/deepseek-v2/parse-config.ts';
import { FLOAT32 } from '../../src/deepseek-v2/precision.ts';
import { DeviceTokens } from '../../src/engine/device-tokens.ts';
import { EngineCore, type EngineRequest } from '../../src/engine/engine-core.ts';
import { HostTokens } from '../../src/engine/host-tokens.ts';
import type { StepReport } from '../../src/engine/step-report.ts';
import type { TokenSource } from '../../src/engine/token-source.ts';
import { BlockPool } from '../../src/kv-cache/block-pool.ts';
import { openOnnxRuntime } from '../../src/onnxruntime/library.ts';
import { packCheckpoint } from '../../src/packing/pack-checkpoint.ts';
import type { PackedModel } from '../../src/packing/packed-model.ts';
import { CpuRank } from '../../src/ranks/cpu-rank.ts';
import type { SamplingBuffers } from '../../src/ranks/sampling-buffers.ts';
import { StepBuffers } from '../../src/ranks/step-buffers.ts';
import { CpuRunner } from '../../src/runner/cpu-runner.ts';
import type { Runner } from '../../src/runner/runner.ts';
import { Sampler } from '../../src/sampling/sampler.ts';
import { GREEDY_SAMPLING, type SamplingParams, type TokenLogprobs } from '../../src/sampling/sampling-params.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { packDequantized } from './dequantize.ts';
import { LocalRankGroup } from './local-rank-group.ts';

export const GREEDY: SamplingParams = { ...GREEDY_SAMPLING, ignoreEos: true, logprobs: 0 };

export interface EngineShape {
  readonly numBlocks?: number;
  readonly maxNumSeqs?: number;
  readonly maxNumBatchedTokens?: number;
  readonly enablePrefixCaching?: boolean;
  readonly numGroups?: number;
  readonly eosTokenIds?: readonly number[];
  /** Ids below this exist; all that have logits where absent. */
  readonly vocabSize?: number;
  /** What stands between the engine and where its tokens come from: the device, or the host too. */
  readonly wrapTokens?: (source: TokenSource, host: TokenSource, runner: Pick<Runner, 'logits'>) => TokenSource;
}

export interface Output {
  readonly tokens: number[];
  readonly logprobs: TokenLogprobs[];
  promptLogprobs: readonly (TokenLogprobs | null)[] | null;
  numCachedTokens: number;
  finish: 'stop' | 'length' | 'repetition' | null;
}

/** What an engine runs on. */
export interface LocalDevice extends Disposable {
  readonly blockSize: number;
  /** Allocates the pool and everything that steps travel in; once. */
  attach(limits: DeviceLimits): Runner;
  /** Once attached: what sampling travels in, slot by slot, where the device samples. */
  readonly sampling?: readonly SamplingBuffers[];
}

export interface DeviceLimits {
  readonly numBlocks: number;
  readonly maxTokens: number;
  readonly maxSequences: number;
  readonly maxLogitRows: number;
  readonly maxBlocksPerSequence: number;
}

/** A checkpoint packed and loaded in this thread; engines of any shape can be made on it, one after another. */
export class LocalModel implements Disposable {
  readonly config: DeepseekV2Config;
  readonly #cacheRoot: string;
  readonly #packed: Awaited<ReturnType<typeof packCheckpoint>>;

  private constructor(config: DeepseekV2Config, cacheRoot: string, packed: Awaited<ReturnType<typeof packCheckpoint>>) {
    this.config = config;
    this.#cacheRoot = cacheRoot;
    this.#packed = packed;
  }

  /** @param experts int8: with the values that their weights have in int8 */
  static async load(folder: string, experts: 'f32' | 'int8' = 'f32'): Promise<LocalModel> {
    const config = await readModelConfig(folder);
    const cacheRoot = mkdtempSync(path.join(tmpdir(), 'latent-serve-test-'));
    const packed =
      experts === 'int8'
        ? await packDequantized(folder, config, cacheRoot)
        : await packCheckpoint({ folder, config, precision: FLOAT32, cacheRoot, onProgress: () => {} });
    return new LocalModel(config, cacheRoot, packed);
  }

  /** An engine with an empty cache. */
  engine(shape: EngineShape = {}): LocalEngine {
    return new LocalEngine(this.config, new LocalCpu(this.config, this.#packed, shape.numGroups ?? 3), shape);
  }

  [Symbol.dispose](): void {
    rmSync(this.#cacheRoot, { recursive: true, force: true });
  }
}

class LocalCpu implements LocalDevice {
  readonly blockSize = 16;
  readonly #rank: CpuRank;
  readonly #numGroups: number;
  readonly #vocabSize: number;

  constructor(config: DeepseekV2Config, packed: PackedModel, numGroups: number) {
    this.#numGroups = numGroups;
    this.#vocabSize = config.vocabSize;
    this.#rank = new CpuRank(openOnnxRuntime(), {
      config,
      folder: packed.folder,
      weightsFile: packed.weightsFile,
      weights: packed.tensors,
      blockSize: this.blockSize,
      numGroups,
      numThreads: 1,
    });
  }

  attach({ numBlocks, ...limits }: DeviceLimits): Runner {
    const buffers = StepBuffers.allocate({
      ...limits,
      maxChunks: 8,
      numGroups: this.#numGroups,
      vocabSize: this.#vocabSize,
    });
    this.#rank.attach(numBlocks, buffers);
    return new CpuRunner(new LocalRankGroup(this.#rank, buffers), this.blockSize);
  }

  [Symbol.dispose](): void {
    this.#rank[Symbol.dispose]();
  }
}

/** The whole engine in one thread, with the real graph. */
export class LocalEngine implements Disposable {
  readonly pool: BlockPool;
  readonly core: EngineCore;
  readonly reports: StepReport[] = [];
  readonly #device: LocalDevice;
  readonly #outputs = new Map<number, Output>();
  #nextId = 1;

  constructor(
    config: Pick<DeepseekV2Config, 'vocabSize' | 'maxPositionEmbeddings'>,
    device: LocalDevice,
    shape: EngineShape,
  ) {
    const { numBlocks = 1024, maxNumSeqs = 32, maxNumBatchedTokens = 512 } = shape;
    const { blockSize } = device;
    this.#device = device;
    const maxModelLen = Math.min(config.maxPositionEmbeddings, numBlocks * blockSize);
    const runner = device.attach({
      numBlocks,
      maxTokens: maxNumBatchedTokens,
      maxSequences: maxNumSeqs,
      maxLogitRows: 64,
      maxBlocksPerSequence: Math.ceil(maxModelLen / blockSize),
    });
    this.pool = new BlockPool({ numBlocks, blockSize, enablePrefixCaching: shape.enablePrefixCaching ?? true });
    const vocabSize = shape.vocabSize ?? config.vocabSize;
    const host = new HostTokens(runner, new Sampler({ logitsWidth: config.vocabSize, vocabSize }));
    const { wrapTokens = (tokens: TokenSource) => tokens } = shape;
    const source = device.sampling?.length ? new DeviceTokens(device.sampling, host, vocabSize) : host;
    this.core = new EngineCore({
      scheduler: new Scheduler(
        {
          maxNumSeqs,
          maxNumBatchedTokens,
          maxModelLen,
          maxPrefillChunks: 8,
          maxLogitRows: 64,
          longPrefillChunk: Number.POSITIVE_INFINITY,
        },
        this.pool,
      ),
      pool: this.pool,
      runner,
      tokens: wrapTokens(source, host, runner),
      vocabSize,
      eosTokenIds: shape.eosTokenIds ?? [],
      emit: (report) => this.#take(report),
    });
  }

  /** Queues a request; its output fills while steps run. */
  add(promptTokenIds: readonly number[], maxTokens: number, fields: Partial<EngineRequest> = {}): Output {
    const id = this.#nextId++;
    const output: Output = { tokens: [], logprobs: [], promptLogprobs: null, numCachedTokens: 0, finish: null };
    this.#outputs.set(id, output);
    this.core.add({
      sequenceId: id,
      promptTokenIds,
      maxTokens,
      sampling: GREEDY,
      priority: 0,
      cacheSalt: null,
      promptLogprobs: null,
      fallbackSeed: id,
      ...fields,
    });
    return output;
  }

  /** Steps until nothing is left; the pool is checked after each step. */
  runToEnd(): void {
    while (this.core.step()) this.pool.checkIntegrity();
  }

  [Symbol.dispose](): void {
    this.#device[Symbol.dispose]();
  }

  #take(report: StepReport): void {
    this.reports.push(report);
    for (const { id, numCachedTokens, promptLogprobs } of report.started) {
      const output = this.#outputs.get(id)!;
      output.numCachedTokens = numCachedTokens;
      output.promptLogprobs = promptLogprobs;
    }
    report.sequenceIds.forEach((id, index) => {
      const output = this.#outputs.get(id)!;
      output.tokens.push(report.tokenIds[index]!);
      const logprobs = report.logprobs?.[index];
      if (logprobs) output.logprobs.push(logprobs);
    });
    for (const { id, reason } of report.finished) this.#outputs.get(id)!.finish = reason;
  }
}
