import type { CudaDevice } from '../cuda/device.ts';
import { DeviceBuffer } from '../cuda/device-buffer.ts';
import { DeviceSampler, type SamplerTensors } from '../cuda/device-sampler.ts';
import type { Pointer } from '../cuda/driver.ts';
import { invariant } from '../errors.ts';
import { layOut, type PagedStepBuffers } from './paged-step-buffers.ts';
import type { SamplingBuffers } from './sampling-buffers.ts';
import { layOutResults, layOutSampling, type SamplingInput, type SamplingLayout } from './sampling-layout.ts';

interface SamplingPlace {
  readonly device: CudaDevice;
  readonly stream: Pointer;
  /** Device copy of the step's inputs and of the parameters behind them. */
  readonly inputs: DeviceBuffer;
  /** f32 [R, vocabSize] */
  readonly logits: DeviceBuffer;
}

/** The part of a CUDA rank's step that comes after the logits where the device samples: only what was chosen is copied back. */
export class CudaSampling implements Disposable {
  readonly #place: SamplingPlace;
  readonly #sampler: DeviceSampler;
  readonly #masks: DeviceBuffer;
  readonly #results: DeviceBuffer;

  /** Allocates for the steps that come in such buffers, loads the kernels and launches them once. @throws CudaError */
  constructor({ memory }: PagedStepBuffers, place: SamplingPlace) {
    invariant(memory.sampling, 'the host samples');
    this.#place = place;
    const { device } = place;
    const { vocabSize, maxLogitRows } = memory.limits;
    this.#sampler = new DeviceSampler(device, { vocabSize, maxRows: maxLogitRows });
    this.#masks = new DeviceBuffer(device.driver, memory.sampling.masks.byteLength);
    this.#results = new DeviceBuffer(device.driver, memory.sampling.results.byteLength);
    this.#warmUp(maxLogitRows);
  }

  /** Enqueues, before the step itself, the copying of the tokens that the step before has chosen. @throws CudaError */
  takeTokens({ shape }: PagedStepBuffers): void {
    const { inputs, stream } = this.#place;
    const { tokenIds, tokenSources } = addresses(layOut(shape).offsets, inputs.address);
    // Where the chosen tokens lie does not depend on their number.
    const chosen = addresses(layOutResults(shape.numTokens).offsets, this.#results.address).token;
    this.#sampler.takeTokens({ tokenIds, sources: tokenSources, chosen }, shape.numTokens, stream);
  }

  /** Enqueues everything up to the copies back, for the step in the buffers. @throws CudaError */
  run(buffers: PagedStepBuffers, awaitLateInputs: () => void): void {
    const sampling = samplingOf(buffers);
    const { shape } = sampling;
    invariant(shape, 'the step does not sample');
    const { numRows, numMasks } = shape;
    if (numRows === 0) return;
    const { stream } = this.#place;
    if (numMasks > 0) {
      awaitLateInputs();
      const bytes = 4 * numMasks * sampling.maskWords;
      this.#masks.upload(new Uint8Array(sampling.memory.masks, 0, bytes), stream);
    }
    this.#sampler.sample(this.#tensors(sampling.layout, numRows), numRows, stream);
    this.#downloadResults(sampling, numRows, shape.maxTopLogprobs > 0);
    this.#downloadLogits(buffers, numRows);
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

  #downloadResults({ memory }: SamplingBuffers, numRows: number, hasLists: boolean): void {
    const { offsets, byteLength } = layOutResults(numRows);
    const bytes = hasLists ? byteLength : offsets.topToken;
    this.#results.download(new Uint8Array(memory.results, 0, bytes), this.#place.stream);
  }

  /** The rows that are left to the host, neighbours in one go. */
  #downloadLogits(buffers: PagedStepBuffers, numRows: number): void {
    const { logits, stream } = this.#place;
    const { vocabSize } = buffers.memory.limits;
    const { validTokens } = samplingOf(buffers).inputs;
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

function samplingOf({ sampling }: PagedStepBuffers): SamplingBuffers {
  invariant(sampling, 'the host samples');
  return sampling;
}

/** @param offsets of tensors in a buffer, in bytes */
function addresses<Name extends string>(offsets: Readonly<Record<Name, number>>, base: Pointer): Record<Name, Pointer> {
  const result = {} as Record<Name, Pointer>;
  for (const name of Object.keys(offsets) as Name[]) result[name] = base + BigInt(offsets[name]);
  return result;
}
