import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DeepseekV2Config } from '../../src/deepseek-v2/config.ts';
import { readModelConfig } from '../../src/deepseek-v2/parse-config.ts';
import { EngineCore, type EngineRequest } from '../../src/engine/engine-core.ts';
import type { StepReport } from '../../src/engine/step-report.ts';
import { BlockPool } from '../../src/kv-cache/block-pool.ts';
import { openOnnxRuntime } from '../../src/onnxruntime/library.ts';
import { packCheckpoint } from '../../src/packing/pack-checkpoint.ts';
import { CpuRank } from '../../src/ranks/cpu-rank.ts';
import { LocalRankGroup } from '../../src/ranks/local-rank-group.ts';
import { StepBuffers } from '../../src/ranks/step-buffers.ts';
import { CpuRunner } from '../../src/runner/cpu-runner.ts';
import { Sampler } from '../../src/sampling/sampler.ts';
import { GREEDY_SAMPLING, type SamplingParams, type TokenLogprobs } from '../../src/sampling/sampling-params.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';

export const GREEDY: SamplingParams = { ...GREEDY_SAMPLING, ignoreEos: true, logprobs: 0 };

export interface EngineShape {
  readonly numBlocks?: number;
  readonly maxNumSeqs?: number;
  readonly maxNumBatchedTokens?: number;
  readonly enablePrefixCaching?: boolean;
  readonly numGroups?: number;
  readonly eosTokenIds?: readonly number[];
}

export interface Output {
  readonly tokens: number[];
  readonly logprobs: TokenLogprobs[];
  promptLogprobs: readonly (TokenLogprobs | null)[] | null;
  numCachedTokens: number;
  finish: 'stop' | 'length' | null;
}

const BLOCK_SIZE = 16;

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

  static async load(folder: string): Promise<LocalModel> {
    const config = await readModelConfig(folder);
    const cacheRoot = mkdtempSync(path.join(tmpdir(), 'latent-serve-test-'));
    const packed = await packCheckpoint({ folder, config, cacheRoot, onProgress: () => {} });
    return new LocalModel(config, cacheRoot, packed);
  }

  /** An engine with an empty cache. */
  engine(shape: EngineShape = {}): LocalEngine {
    const { numGroups = 3 } = shape;
    const rank = new CpuRank(openOnnxRuntime(), {
      config: this.config,
      folder: this.#packed.folder,
      weightsFile: this.#packed.weightsFile,
      weights: this.#packed.tensors,
      blockSize: BLOCK_SIZE,
      numGroups,
      numThreads: 1,
    });
    return new LocalEngine(this.config, rank, shape);
  }

  [Symbol.dispose](): void {
    rmSync(this.#cacheRoot, { recursive: true, force: true });
  }
}

/** The whole engine in one thread, with the real graph. */
export class LocalEngine implements Disposable {
  readonly pool: BlockPool;
  readonly core: EngineCore;
  readonly reports: StepReport[] = [];
  readonly #rank: CpuRank;
  readonly #outputs = new Map<number, Output>();
  #nextId = 1;

  constructor(config: DeepseekV2Config, rank: CpuRank, shape: EngineShape) {
    const { numBlocks = 1024, maxNumSeqs = 32, maxNumBatchedTokens = 512, numGroups = 3 } = shape;
    this.#rank = rank;
    const maxModelLen = Math.min(config.maxPositionEmbeddings, numBlocks * BLOCK_SIZE);
    const buffers = StepBuffers.allocate({
      maxTokens: maxNumBatchedTokens,
      maxSequences: maxNumSeqs,
      maxChunks: 8,
      maxLogitRows: 64,
      maxBlocksPerSequence: Math.ceil(maxModelLen / BLOCK_SIZE),
      numGroups,
      vocabSize: config.vocabSize,
    });
    rank.attach(numBlocks, buffers);
    this.pool = new BlockPool({
      numBlocks,
      blockSize: BLOCK_SIZE,
      enablePrefixCaching: shape.enablePrefixCaching ?? true,
    });
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
      runner: new CpuRunner(new LocalRankGroup(rank, buffers), BLOCK_SIZE),
      sampler: new Sampler({ logitsWidth: config.vocabSize, vocabSize: config.vocabSize }),
      vocabSize: config.vocabSize,
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
    this.#rank[Symbol.dispose]();
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
