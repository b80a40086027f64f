import { DeviceBuffer } from '../../src/cuda/device-buffer.ts';
import { CudaSampling } from '../../src/ranks/cuda-sampling.ts';
import { layOut, type PagedInput, type PagedStepBuffers } from '../../src/ranks/paged-step-buffers.ts';
import type { Rank } from '../../src/ranks/rank.ts';
import { FakeGpu } from './fake-gpu.ts';

export interface HashRankOptions {
  readonly numBlocks: number;
  readonly blockSize: number;
  /** After this token all logits are NaN. */
  readonly poisonToken: number | null;
}

/**
 * A model that is easily computed: the cache holds the tokens themselves, and logits are drawn from the hash of all tokens so far,
 * the same bits however a sequence is cut into steps. It reads the step's inputs as the CUDA rank does, and samples like it on a fake
 * GPU.
 */
export class HashRank implements Rank {
  readonly #slots: readonly PagedStepBuffers[];
  readonly #options: HashRankOptions;
  readonly #pool: Int32Array;
  readonly #gpu: SamplingGpu | null;
  #nextSlot = 0;
  /** Finished steps of which nobody has been told yet. */
  #underWay = 0;
  /** Steps with tokens that the engine did not know. */
  numTakingSteps = 0;

  constructor(slots: readonly PagedStepBuffers[], options: HashRankOptions) {
    this.#slots = slots;
    this.#options = options;
    this.#pool = new Int32Array(options.numBlocks * options.blockSize).fill(-1);
    this.#gpu = slots[0]!.sampling && new SamplingGpu(slots[0]!);
  }

  begin(awaitLateInputs: () => void): void {
    const buffers = this.#slots[this.#nextSlot]!;
    this.#nextSlot = (this.#nextSlot + 1) % this.#slots.length;
    this.#underWay++;
    if (buffers.shape.takesTokens) this.numTakingSteps++;
    const { logits, sampling, memory } = buffers;
    const { vocabSize } = memory.limits;
    const step = new HashStep(buffers, this.#gpu ? this.#gpu.upload(buffers) : memory.inputs, this.#options);
    step.store(this.#pool);
    const rows = step.logits(this.#pool, vocabSize);
    // What nobody copies back is not there.
    logits.fill(Number.NaN);
    if (this.#gpu && sampling?.shape) this.#gpu.sample(buffers, rows, awaitLateInputs);
    else for (const [row, values] of rows.entries()) logits.set(values, row * vocabSize);
  }

  finish(isInterrupted?: () => boolean): boolean {
    // As if the device took its time: another step is begun first where there is one.
    if (this.#underWay < this.#slots.length && isInterrupted?.()) return false;
    this.#underWay--;
    return true;
  }

  [Symbol.dispose](): void {
    this.#gpu?.[Symbol.dispose]();
  }
}

/** A step as it lies in memory. */
class HashStep {
  readonly #buffers: PagedStepBuffers;
  readonly #inputs: ArrayBufferLike;
  readonly #options: HashRankOptions;

  constructor(buffers: PagedStepBuffers, inputs: ArrayBufferLike, options: HashRankOptions) {
    this.#buffers = buffers;
    this.#inputs = inputs;
    this.#options = options;
  }

  /** Puts its tokens where their slots say. */
  store(pool: Int32Array): void {
    const tokens = this.#i64('tokenIds');
    this.#i64('slots').forEach((slot, i) => {
      if (slot >= 0) pool[slot] = tokens[i]!;
    });
  }

  logits(pool: Int32Array, vocabSize: number): Float32Array[] {
    return this.#i64('logitRows').map((token) => logitsOf(this.#hash(pool, token), vocabSize));
  }

  #i64(name: PagedInput): number[] {
    const { offsets, shapes } = layOut(this.#buffers.shape);
    return Array.from(new BigInt64Array(this.#inputs, offsets[name], shapes[name][0]), Number);
  }

  #i32(name: PagedInput): Int32Array {
    const { offsets, shapes } = layOut(this.#buffers.shape);
    const length = shapes[name].reduce((product, size) => product * size, 1);
    return new Int32Array(this.#inputs, offsets[name], length);
  }

  /** Of the tokens up to the step's `token`, read from the cache; -1: the poison is among them. */
  #hash(pool: Int32Array, token: number): number {
    const { blockSize, poisonToken } = this.#options;
    const { numSequences, maxBlocks } = this.#buffers.shape;
    const firstTokens = this.#i32('firstTokens');
    const table = this.#i32('blockTable');
    let sequence = 0;
    while (sequence < numSequences - 1 && firstTokens[sequence + 1]! <= token) sequence++;
    const length = this.#i32('contextLengths')[sequence]! + token - firstTokens[sequence]! + 1;
    let hash = 0x811c9dc5;
    for (let position = 0; position < length; position++) {
      const block = table[sequence * maxBlocks + Math.floor(position / blockSize)]!;
      const cached = pool[block * blockSize + (position % blockSize)]!;
      if (cached === poisonToken) return -1;
      hash = Math.imul(hash ^ cached, 0x01000193) >>> 0;
    }
    return hash;
  }
}

function logitsOf(hash: number, vocabSize: number): Float32Array {
  if (hash < 0) return new Float32Array(vocabSize).fill(Number.NaN);
  let state = hash;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return Float32Array.from({ length: vocabSize }, () => 4 * (uniform() + uniform() + uniform() - 1.5));
}

/** The parts of a CUDA rank that come before and after the model. */
class SamplingGpu implements Disposable {
  readonly #gpu = new FakeGpu();
  readonly #inputs: DeviceBuffer;
  readonly #logits: DeviceBuffer;
  readonly #sampling: CudaSampling;

  constructor(buffers: PagedStepBuffers) {
    const { device, stream } = this.#gpu;
    const { inputs, limits } = buffers.memory;
    this.#inputs = new DeviceBuffer(device.driver, inputs.byteLength);
    this.#logits = new DeviceBuffer(device.driver, 4 * limits.maxLogitRows * limits.vocabSize);
    this.#sampling = new CudaSampling(buffers, { device, stream, inputs: this.#inputs, logits: this.#logits });
  }

  /** The step's inputs as the model sees them. */
  upload(buffers: PagedStepBuffers): ArrayBuffer {
    this.#inputs.upload(new Uint8Array(buffers.memory.inputs, 0, buffers.sampling!.end), this.#gpu.stream);
    if (buffers.shape.takesTokens) this.#sampling.takeTokens(buffers);
    return this.#gpu.view(this.#inputs.address).block;
  }

  sample(buffers: PagedStepBuffers, rows: readonly Float32Array[], awaitLateInputs: () => void): void {
    const { block, offset } = this.#gpu.view(this.#logits.address);
    const logits = new Float32Array(block, offset);
    for (const [row, values] of rows.entries()) logits.set(values, row * values.length);
    new Int32Array(buffers.memory.sampling!.results).fill(-77);
    this.#sampling.run(buffers, awaitLateInputs);
  }

  [Symbol.dispose](): void {
    this.#sampling[Symbol.dispose]();
    this.#inputs[Symbol.dispose]();
    this.#logits[Symbol.dispose]();
  }
}
