import { type DeepseekV2Config, latentWidth } from '../deepseek-v2/config.ts';
import { CpuAttention, cpuAttentionNames } from '../deepseek-v2/cpu-attention.ts';
import { cpuDense } from '../deepseek-v2/cpu-dense.ts';
import { cpuExperts } from '../deepseek-v2/cpu-experts.ts';
import { buildModelGraph, modelNames, type WeightLocation } from '../deepseek-v2/model-graph.ts';
import { plainFusions } from '../deepseek-v2/plain-fusions.ts';
import { FLOAT32 } from '../deepseek-v2/precision.ts';
import { invariant } from '../errors.ts';
import { encodeModel } from '../onnx/encoder.ts';
import { Env } from '../onnxruntime/env.ts';
import { IoBinding } from '../onnxruntime/io-binding.ts';
import type { OnnxRuntime } from '../onnxruntime/runtime.ts';
import { Session } from '../onnxruntime/session.ts';
import { SessionOptions } from '../onnxruntime/session-options.ts';
import { Tensor } from '../onnxruntime/tensor.ts';
import { BoundInputs } from './bound-inputs.ts';
import type { Rank } from './rank.ts';
import type { StepBuffers } from './step-buffers.ts';

export interface CpuRankOptions {
  readonly config: DeepseekV2Config;
  /** Real folder of the packed weights, the file in it, and where each weight lies. */
  readonly folder: string;
  readonly weightsFile: string;
  readonly weights: ReadonlyMap<string, WeightLocation>;
  /** Slots of a cache block. */
  readonly blockSize: number;
  /** Padded batches that attention distinguishes (deepseek-v2/cpu-attention.ts). */
  readonly numGroups: number;
  /** null: one thread per core. */
  readonly numThreads: number | null;
}

/** One CPU device: session, latent pool, forward. Everything in it belongs to the thread that made it. */
export class CpuRank implements Rank {
  readonly #runtime: OnnxRuntime;
  readonly #options: CpuRankOptions;
  readonly #env: Env;
  readonly #session: Session;
  readonly #binding: IoBinding;
  readonly #width: number;
  #pools: Float32Array[] = []; // per layer [numBlocks * blockSize, width]
  #latents: Float32Array[] = []; // per layer [maxTokens, width]
  #buffers: StepBuffers | null = null;
  #inputs: BoundInputs | null = null;
  #boundTokens = 0;
  #boundLogitRows = 0;

  /** Builds the graph and loads the weights. @throws OnnxRuntimeError */
  constructor(runtime: OnnxRuntime, options: CpuRankOptions) {
    this.#runtime = runtime;
    this.#options = options;
    this.#width = latentWidth(options.config);
    const { numGroups, blockSize } = options;
    const model = encodeModel(
      buildModelGraph({
        config: options.config,
        weights: options.weights,
        weightsFile: options.weightsFile,
        attention: (context) => new CpuAttention(context, { numGroups, blockSize }),
        experts: cpuExperts,
        dense: cpuDense,
        fusions: plainFusions,
        precision: FLOAT32,
      }),
    );
    this.#env = new Env(runtime);
    using sessionOptions = new SessionOptions(runtime, {
      intraOpNumThreads: options.numThreads ?? 0,
      // Shapes differ from step to step: a plan of the memory per shape would be kept for ever.
      memoryPattern: false,
      configEntries: { 'session.model_external_initializers_file_folder_path': options.folder },
    });
    this.#session = new Session(this.#env, model, sessionOptions);
    this.#binding = new IoBinding(this.#session);
  }

  /** Allocates the latent pool and takes the buffers that steps come in. Once. */
  attach(numBlocks: number, buffers: StepBuffers): void {
    invariant(this.#buffers === null, 'a rank is attached once');
    const { config, blockSize } = this.#options;
    this.#buffers = buffers;
    this.#inputs = new BoundInputs(this.#runtime, this.#binding, buffers);
    const perLayer = <T>(make: (layer: number) => T): T[] =>
      Array.from({ length: config.numLayers }, (_, l) => make(l));
    const blockWidth = blockSize * this.#width;
    this.#pools = perLayer(() => new Float32Array(numBlocks * blockWidth));
    this.#latents = perLayer(() => new Float32Array(buffers.memory.limits.maxTokens * this.#width));
    this.#pools.forEach((pool, layer) => {
      using tensor = Tensor.over(this.#runtime, pool, [numBlocks, blockWidth]);
      this.#binding.bindInput(cpuAttentionNames.pool(layer), tensor);
    });
  }

  /** Computes the step that the buffers hold: logits go to the buffers, latents to their slots. @throws OnnxRuntimeError */
  begin(): void {
    const buffers = this.#buffers;
    invariant(buffers && this.#inputs, 'the rank is not attached');
    this.#inputs.bind();
    this.#bindOutputs(buffers);
    this.#clearNewBlocks(buffers.slots, buffers.numTokens);
    this.#session.run(this.#binding);
    this.#store(buffers.slots, buffers.numTokens);
  }

  /** Steps are done once they have begun. */
  finish(): boolean {
    return true;
  }

  [Symbol.dispose](): void {
    this.#binding.dispose();
    this.#session.dispose();
    this.#env.dispose();
  }

  /** Outputs lie over arrays of our own; they are bound again only when a step has another size than the last. */
  #bindOutputs(buffers: StepBuffers): void {
    const { numTokens } = buffers;
    if (numTokens !== this.#boundTokens) {
      this.#boundTokens = numTokens;
      this.#latents.forEach((latent, layer) => {
        const data = latent.subarray(0, numTokens * this.#width);
        using tensor = Tensor.over(this.#runtime, data, [numTokens, this.#width]);
        this.#binding.bindOutput(cpuAttentionNames.latent(layer), tensor);
      });
    }
    const numRows = Math.max(1, buffers.numLogitRows);
    if (numRows !== this.#boundLogitRows) {
      this.#boundLogitRows = numRows;
      const { vocabSize } = buffers.memory.limits;
      using tensor = Tensor.over(this.#runtime, buffers.logits.subarray(0, numRows * vocabSize), [numRows, vocabSize]);
      this.#binding.bindOutput(modelNames.logits, tensor);
    }
  }

  /**
   * Whole blocks are attended to, and what lies behind their last token is masked by a weight of 0, which leaves NaN what it is: no
   * block must hold that of a sequence that had it before.
   */
  #clearNewBlocks(slots: Int32Array, numTokens: number): void {
    const { blockSize } = this.#options;
    for (let token = 0; token < numTokens; token++) {
      const slot = slots[token]!;
      if (slot % blockSize > 0) continue;
      for (const pool of this.#pools) pool.fill(0, slot * this.#width, (slot + blockSize) * this.#width);
    }
  }

  /** Copies the step's latents into the pool; neighbouring slots in one go. */
  #store(slots: Int32Array, numTokens: number): void {
    const width = this.#width;
    for (let first = 0, end = 0; first < numTokens; first = end) {
      const slot = slots[first]!;
      end = first + 1;
      while (end < numTokens && slots[end] === slot + end - first) end++;
      for (let layer = 0; layer < this.#pools.length; layer++) {
        this.#pools[layer]!.set(this.#latents[layer]!.subarray(first * width, end * width), slot * width);
      }
    }
  }
}
