import { LATENT_SERVE_DOMAIN } from '../cuda/custom-op-domain.ts';
import type { CudaDevice } from '../cuda/device.ts';
import { DeviceBuffer } from '../cuda/device-buffer.ts';
import type { Pointer } from '../cuda/driver.ts';
import { CudaOps } from '../cuda/ops/cuda-ops.ts';
import type { KernelChoice } from '../cuda/ops/gpu-kernels.ts';
import { PinnedMemory } from '../cuda/pinned-memory.ts';
import type { DeepseekV2Config } from '../deepseek-v2/config.ts';
import { CudaAttention, cudaAttentionNames } from '../deepseek-v2/cuda-attention.ts';
import { cudaDense } from '../deepseek-v2/cuda-dense.ts';
import { cudaExperts } from '../deepseek-v2/cuda-experts.ts';
import { cudaFusions } from '../deepseek-v2/cuda-fusions.ts';
import { type KvCacheDtype, type LatentRow, latentRow } from '../deepseek-v2/latent-row.ts';
import { buildModelGraph, modelNames, type WeightLocation } from '../deepseek-v2/model-graph.ts';
import type { Precision } from '../deepseek-v2/precision.ts';
import { invariant } from '../errors.ts';
import { encodeModel } from '../onnx/encoder.ts';
import { CustomOpDomain } from '../onnxruntime/custom-op-domain.ts';
import { Env } from '../onnxruntime/env.ts';
import { IoBinding } from '../onnxruntime/io-binding.ts';
import { MemoryInfo } from '../onnxruntime/memory-info.ts';
import { RunOptions } from '../onnxruntime/run-options.ts';
import type { OnnxRuntime } from '../onnxruntime/runtime.ts';
import { Session } from '../onnxruntime/session.ts';
import { SessionOptions } from '../onnxruntime/session-options.ts';
import { Tensor } from '../onnxruntime/tensor.ts';
import { CudaSampling } from './cuda-sampling.ts';
import { layOut, type PagedInput, type PagedStepBuffers } from './paged-step-buffers.ts';
import type { Rank } from './rank.ts';

export interface CudaRankOptions {
  readonly config: DeepseekV2Config;
  readonly precision: Precision;
  readonly kvCacheDtype: KvCacheDtype;
  /** Real folder of the packed weights, the file in it, and where each weight lies. */
  readonly folder: string;
  readonly weightsFile: string;
  readonly weights: ReadonlyMap<string, WeightLocation>;
  /** Slots of a cache block. */
  readonly blockSize: number;
  /** portable: only kernels that run on every card. */
  readonly kernels: KernelChoice;
}

const F32_BYTES = 4;
/** Run option of the CUDA provider: which captured graph to replay, or to capture if there is none yet. */
const GRAPH_ID = 'gpu_graph_id';
const NO_GRAPH = -1;
/** Run option: the run ends when everything is enqueued. */
const DO_NOT_SYNCHRONIZE = 'disable_synchronize_execution_providers';

/** Graph input of each part of the step's memory, and its element type. */
const GRAPH_INPUTS = {
  tokenIds: [modelNames.tokenIds, 'i64'],
  positions: [modelNames.positions, 'i64'],
  slots: [cudaAttentionNames.slots, 'i64'],
  logitRows: [modelNames.logitRows, 'i64'],
  firstTokens: [cudaAttentionNames.firstTokens, 'i32'],
  contextLengths: [cudaAttentionNames.contextLengths, 'i32'],
  blockTable: [cudaAttentionNames.blockTable, 'i32'],
} as const satisfies { readonly [Input in PagedInput]?: readonly [name: string, type: 'i64' | 'i32'] };
const graphInputs = Object.keys(GRAPH_INPUTS) as readonly (keyof typeof GRAPH_INPUTS)[];

interface Attached {
  /** Steps come in them by turns. */
  readonly slots: readonly StepSlot[];
  readonly pinned: PinnedMemory;
  /** Both are used by one step after another, in the order of the stream. */
  readonly inputs: DeviceBuffer;
  readonly logits: DeviceBuffer;
  /** null: the host samples. */
  readonly sampling: CudaSampling | null;
}

interface StepSlot {
  readonly buffers: PagedStepBuffers;
  /** Reached when a step in these buffers is done. */
  readonly done: Pointer;
}

/** One GPU: session, latent pool, forward. Copies, kernels and the session share one stream. */
export class CudaRank implements Rank {
  readonly #device: CudaDevice;
  readonly #options: CudaRankOptions;
  readonly #stream: bigint;
  readonly #ops: CudaOps;
  readonly #domain: CustomOpDomain;
  readonly #env: Env;
  readonly #session: Session;
  readonly #binding: IoBinding;
  readonly #memory: MemoryInfo;
  readonly #allocations: DeviceBuffer[] = [];
  /** By batch size: a replayable step is captured in its first runs and replayed from then on. The others have NO_GRAPH. */
  readonly #runOptions = new Map<number, RunOptions>();
  #attached: Attached | null = null;
  #nextSlot = 0;
  /** Oldest first. */
  readonly #underWay: StepSlot[] = [];
  #boundShape = '';

  /** Builds the graph and loads the weights. @throws OnnxRuntimeError, CudaError */
  constructor(runtime: OnnxRuntime, device: CudaDevice, options: CudaRankOptions) {
    this.#device = device;
    this.#options = options;
    const { config, precision, kvCacheDtype, blockSize } = options;
    device.relaxCaptureMode();
    this.#stream = device.createStream();
    const { code } = latentRow(config, precision.stream, kvCacheDtype);
    this.#ops = new CudaOps(device, precision.stream, options.kernels, code);
    this.#domain = new CustomOpDomain(runtime, LATENT_SERVE_DOMAIN);
    for (const op of this.#ops.all) this.#domain.registerCustomOp(op);
    const model = encodeModel(
      buildModelGraph({
        config,
        precision,
        weights: options.weights,
        weightsFile: options.weightsFile,
        attention: (context) => new CudaAttention(context, { blockSize, kvCacheDtype }),
        experts: cudaExperts(),
        dense: cudaDense(),
        fusions: cudaFusions,
      }),
    );
    this.#env = new Env(runtime);
    using sessionOptions = new SessionOptions(runtime, {
      memoryPattern: false,
      configEntries: {
        'session.model_external_initializers_file_folder_path': options.folder,
        'session.use_device_allocator_for_initializers': '1',
      },
    });
    sessionOptions.addCustomOpDomain(this.#domain);
    sessionOptions.appendCuda({
      deviceId: device.index,
      enableCudaGraph: true,
      computeStream: this.#stream,
      entries: {
        arena_extend_strategy: 'kSameAsRequested',
        // The router and the norms are float32 for a reason.
        use_tf32: '0',
      },
    });
    this.#session = new Session(this.#env, model, sessionOptions);
    this.#binding = new IoBinding(this.#session);
    this.#memory = new MemoryInfo(runtime, { type: 'cuda', id: device.index });
  }

  /** Allocates the latent pool and takes the buffers that steps come in, by turns. Once. @throws CudaError out of memory */
  attach(numBlocks: number, allBuffers: readonly PagedStepBuffers[]): void {
    invariant(this.#attached === null, 'a rank is attached once');
    const [first] = allBuffers;
    invariant(first, 'steps need buffers');
    const { config, precision, kvCacheDtype, blockSize } = this.#options;
    const row = latentRow(config, precision.stream, kvCacheDtype);
    const numSlots = numBlocks * blockSize;
    for (let layer = 0; layer < config.numLayers; layer++) {
      const pool = this.#allocate(numSlots * row.bytes);
      this.#bindInput(cudaAttentionNames.pool(layer), pool.address, row.type, [numSlots, row.columns]);
    }
    const { maxLogitRows, vocabSize } = first.memory.limits;
    const inputs = this.#allocate(first.memory.inputs.byteLength);
    const logits = this.#allocate(maxLogitRows * vocabSize * F32_BYTES);
    const device = this.#device;
    const sampling = first.sampling && new CudaSampling(first, { device, stream: this.#stream, inputs, logits });
    const copied = allBuffers.flatMap(({ memory }) => [
      memory.inputs,
      ...(memory.sampling ? [memory.sampling.masks, memory.sampling.results] : []),
    ]);
    const pinned = new PinnedMemory(device.driver, copied);
    const slots = allBuffers.map((buffers) => ({ buffers, done: device.createEvent() }));
    this.#attached = { slots, pinned, inputs, logits, sampling };
  }

  begin(awaitLateInputs: () => void): void {
    const attached = this.#attached;
    invariant(attached, 'the rank is not attached');
    const { slots, inputs, logits, sampling } = attached;
    const slot = slots[this.#nextSlot]!;
    const { buffers, done } = slot;
    const { shape, memory } = buffers;
    const inputBytes = buffers.sampling?.end ?? layOut(shape).byteLength;
    inputs.upload(new Uint8Array(memory.inputs, 0, inputBytes), this.#stream);
    if (shape.takesTokens) {
      invariant(sampling, 'only what the device has sampled can be taken');
      sampling.takeTokens(buffers);
    }
    this.#bindStep(attached, buffers);
    this.#ops.beginStep(shape);
    this.#session.run(this.#binding, this.#optionsOf(shape.isReplayable ? shape.numSequences : NO_GRAPH));
    if (buffers.sampling?.shape && sampling) sampling.run(buffers, awaitLateInputs);
    else logits.download(buffers.logits.subarray(0, shape.numLogitRows * memory.limits.vocabSize), this.#stream);
    this.#device.recordEvent(done, this.#stream);
    this.#nextSlot = (this.#nextSlot + 1) % slots.length;
    this.#underWay.push(slot);
  }

  finish(isInterrupted: () => boolean = () => false): boolean {
    const [slot] = this.#underWay;
    invariant(slot, 'no step is under way');
    while (!this.#device.hasReached(slot.done)) if (isInterrupted()) return false;
    this.#underWay.shift();
    return true;
  }

  [Symbol.dispose](): void {
    this.#device.synchronize(this.#stream);
    for (const options of this.#runOptions.values()) options.dispose();
    this.#attached?.sampling?.[Symbol.dispose]();
    this.#attached?.pinned[Symbol.dispose]();
    for (const { done } of this.#attached?.slots ?? []) this.#device.destroyEvent(done);
    this.#binding.dispose();
    this.#session.dispose();
    this.#memory.dispose();
    this.#domain.dispose();
    this.#env.dispose();
    for (const buffer of this.#allocations) buffer[Symbol.dispose]();
    this.#ops[Symbol.dispose]();
    this.#device.destroyStream(this.#stream);
  }

  /** Inputs lie one after another, so that their addresses follow from the step's shape. */
  #bindStep({ inputs, logits }: Attached, { shape, memory }: PagedStepBuffers): void {
    const { numTokens, numLogitRows, numSequences, maxBlocks } = shape;
    const shapeKey = [numTokens, numLogitRows, numSequences, maxBlocks].join('x');
    if (shapeKey === this.#boundShape) return;
    this.#boundShape = shapeKey;
    const layout = layOut(shape);
    for (const input of graphInputs) {
      const [name, type] = GRAPH_INPUTS[input];
      this.#bindInput(name, inputs.address + BigInt(layout.offsets[input]), type, layout.shapes[input]);
    }
    const rows = [shape.numLogitRows, memory.limits.vocabSize];
    using tensor = Tensor.overDevice(this.#memory, logits.address, 'f32', rows);
    this.#binding.bindOutput(modelNames.logits, tensor);
  }

  /** Run options of the CUDA graph for decode steps of this batch size, or of NO_GRAPH. */
  #optionsOf(graph: number): RunOptions {
    let options = this.#runOptions.get(graph);
    if (options === undefined) {
      const configEntries: Record<string, string> = { [GRAPH_ID]: String(graph) };
      // What samples is enqueued behind the model, while it computes.
      if (this.#attached?.sampling) configEntries[DO_NOT_SYNCHRONIZE] = '1';
      options = new RunOptions(this.#session.runtime, { configEntries });
      this.#runOptions.set(graph, options);
    }
    return options;
  }

  #allocate(bytes: number): DeviceBuffer {
    const buffer = new DeviceBuffer(this.#device.driver, bytes);
    this.#allocations.push(buffer);
    return buffer;
  }

  #bindInput(name: string, address: bigint, type: 'i64' | 'i32' | LatentRow['type'], shape: readonly number[]): void {
    using tensor = Tensor.overDevice(this.#memory, address, type, shape);
    this.#binding.bindInput(name, tensor);
  }
}
