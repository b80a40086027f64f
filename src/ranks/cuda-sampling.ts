import type { CudaDevice } from '../cuda/device.ts';
import { DeviceBuffer } from '../cuda/device-buffer.ts';
import { DeviceSampler, type SamplerTensors } from '../cuda/device-sampler.ts';
import type { Pointer } from '../cuda/driver.ts';
import { invariant } from '../errors.ts';
import type { PagedStepBuffers } from './paged-step-buffers.ts';
import type { SamplingBuffers } from './sampling-buffers.ts';
import { layOutResults, layOutSampling, type SamplingInput, type SamplingLayout } from './sampling-layout.ts';

interface SamplingPlace {
  readonly device: CudaDevice;
  readonly stream: Pointer;
  readonly buffers: PagedStepBuffers;
  /** Device copy of the step's inputs and of the parameters behind them. */
  readonly inputs: DeviceBuffer;
  /** f32 [R, vocabSize] */
  readonly logits: DeviceBuffer;
}

/** The part of a CUDA rank's step that comes after the logits where the device samples: only what was chosen is copied back. */
export class CudaSampling implements Disposable {
  readonly #buffers: SamplingBuffers;
  readonly #place: SamplingPlace;
  readonly #sampler: DeviceSampler;
  readonly #masks: DeviceBuffer;
  readonly #results: DeviceBuffer;

  /** Allocates, loads the kernels and launches them once. @throws CudaError */
  constructor(buffers: SamplingBuffers, place: SamplingPlace) {
    this.#buffers = buffers;
    this.#place = place;
    const { device } = place;
    const { vocabSize, maxLogitRows } = place.buffers.memory.limits;
    this.#sampler = new DeviceSampler(device, { vocabSize, maxRows: maxLogitRows });
    this.#masks = new DeviceBuffer(device.driver, buffers.memory.masks.byteLength);
    this.#results = new DeviceBuffer(device.driver, buffers.memory.results.byteLength);
    this.#warmUp(maxLogitRows);
  }

  /** Enqueues everything up to the copies back, for the step in the buffers. @throws CudaError */
  run(awaitLateInputs: () => void): void {
    const { shape } = this.#buffers;
    invariant(shape, 'the step does not sample');
    const { numRows, numMasks } = shape;
    if (numRows === 0) return;
    const { stream } = this.#place;
    if (numMasks > 0) {
      awaitLateInputs();
      const bytes = 4 * numMasks * this.#buffers.maskWords;
      this.#masks.upload(new Uint8Array(this.#buffers.memory.masks, 0, bytes), stream);
    }
    this.#sampler.sample(this.#tensors(this.#buffers.layout, numRows), numRows, stream);
    this.#downloadResults(numRows, shape.maxTopLogprobs > 0);
    this.#downloadLogits(numRows);
  }

  [Symbol.dispose](): void {
    this.#sampler[Symbol.dispose]();
    this.#masks[Symbol.dispose]();
    this.#results[Symbol.dispose]();
  }

  #tensors({ offsets }: SamplingLayout<SamplingInput>, numRows: number): SamplerTensors {
    const { inputs, logits } = this.#place;
    const results = layOutResults(numRows).offsets;
    return {
      ...addresses(offsets, inputs.address),
      ...addresses(results, this.#results.address),
      logits: logits.address,
      mask: this.#masks.address,
    };
  }

  #downloadResults(numRows: number, hasLists: boolean): void {
    const { offsets, byteLength } = layOutResults(numRows);
    const bytes = hasLists ? byteLength : offsets.topToken;
    this.#results.download(new Uint8Array(this.#buffers.memory.results, 0, bytes), this.#place.stream);
  }

  /** The rows that are left to the host, neighbours in one go. */
  #downloadLogits(numRows: number): void {
    const { buffers, logits, stream } = this.#place;
    const { vocabSize } = buffers.memory.limits;
    const { validTokens } = this.#buffers.inputs;
    for (let first = 0; first < numRows; first++) {
      if (validTokens[first] !== 0) continue;
      let end = first + 1;
      while (end < numRows && validTokens[end] === 0) end++;
      const rows = buffers.logits.subarray(first * vocabSize, end * vocabSize);
      logits.download(rows, stream, 4 * first * vocabSize);
      first = end;
    }
  }

  /** A kernel is compiled for the GPU when its file is first used. Parameters are zeros still: no row is used. */
  #warmUp(maxLogitRows: number): void {
    const { device, stream } = this.#place;
    for (const numRows of [1, maxLogitRows]) {
      const layout = layOutSampling({ numRows, numBiases: 0, numSeen: 0 }, 0);
      this.#sampler.sample(this.#tensors(layout, numRows), numRows, stream);
    }
    device.synchronize(stream);
  }
}

/** @param offsets of tensors in a buffer, in bytes */
function addresses<Name extends string>(offsets: Readonly<Record<Name, number>>, base: Pointer): Record<Name, Pointer> {
  const result = {} as Record<Name, Pointer>;
  for (const name of Object.keys(offsets) as Name[]) result[name] = base + BigInt(offsets[name]);
  return result;
}
