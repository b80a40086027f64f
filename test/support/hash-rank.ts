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
  readonly #buffers: PagedStepBuffers;
  readonly #options: HashRankOptions;
  readonly #pool: Int32Array;
  readonly #gpu: SamplingGpu | null;

  constructor(buffers: PagedStepBuffers, options: HashRankOptions) {
    this.#buffers = buffers;
    this.#options = options;
    this.#pool = new Int32Array(options.numBlocks * options.blockSize).fill(-1);
    this.#gpu = buffers.sampling && new SamplingGpu(buffers);
  }

  run(awaitLateInputs: () => void): void {
    const { memory, logits, sampling } = this.#buffers;
    const { vocabSize } = memory.limits;
    const tokens = this.#i64('tokenIds');
    this.#i64('slots').forEach((slot, i) => {
      if (slot >= 0) this.#pool[slot] = tokens[i]!;
    });
    const rows = this.#i64('logitRows').map((token) => this.#logits(this.#hash(token), vocabSize));
    // What nobody copies back is not there.
    logits.fill(Number.NaN);
    if (this.#gpu && sampling?.shape) this.#gpu.sample(rows, awaitLateInputs);
    else for (const [row, values] of rows.entries()) logits.set(values, row * vocabSize);
  }

  [Symbol.dispose](): void {
    this.#gpu?.[Symbol.dispose]();
  }

  #i64(name: PagedInput): number[] {
    const { offsets, shapes } = layOut(this.#buffers.shape);
    return Array.from(new BigInt64Array(this.#buffers.memory.inputs, offsets[name], shapes[name][0]), Number);
  }

  #i32(name: PagedInput): Int32Array {
    const { offsets, shapes } = layOut(this.#buffers.shape);
    const length = shapes[name].reduce((product, size) => product * size, 1);
    return new Int32Array(this.#buffers.memory.inputs, offsets[name], length);
  }

  /** Of the tokens up to the step's `token`, read from the cache; -1: the poison is among them. */
  #hash(token: number): number {
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
      const cached = this.#pool[block * blockSize + (position % blockSize)]!;
      if (cached === poisonToken) return -1;
      hash = Math.imul(hash ^ cached, 0x01000193) >>> 0;
    }
    return hash;
  }

  #logits(hash: number, vocabSize: number): Float32Array {
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
}

/** The part of a CUDA rank that comes after the logits. */
class SamplingGpu implements Disposable {
  readonly #gpu = new FakeGpu();
  readonly #buffers: PagedStepBuffers;
  readonly #inputs: DeviceBuffer;
  readonly #logits: DeviceBuffer;
  readonly #sampling: CudaSampling;

  constructor(buffers: PagedStepBuffers) {
    const { device, stream } = this.#gpu;
    const { inputs, limits } = buffers.memory;
    this.#buffers = buffers;
    this.#inputs = new DeviceBuffer(device.driver, inputs.byteLength);
    this.#logits = new DeviceBuffer(device.driver, 4 * limits.maxLogitRows * limits.vocabSize);
    const place = { device, stream, buffers, inputs: this.#inputs, logits: this.#logits };
    this.#sampling = new CudaSampling(buffers.sampling!, place);
  }

  sample(rows: readonly Float32Array[], awaitLateInputs: () => void): void {
    const { sampling, memory } = this.#buffers;
    this.#inputs.upload(new Uint8Array(memory.inputs, 0, sampling!.end), this.#gpu.stream);
    const { block, offset } = this.#gpu.view(this.#logits.address);
    const logits = new Float32Array(block, offset);
    for (const [row, values] of rows.entries()) logits.set(values, row * values.length);
    new Int32Array(sampling!.memory.results).fill(-77);
    this.#sampling.run(awaitLateInputs);
  }

  [Symbol.dispose](): void {
    this.#sampling[Symbol.dispose]();
    this.#inputs[Symbol.dispose]();
    this.#logits[Symbol.dispose]();
  }
}
