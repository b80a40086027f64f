import { invariant } from '../errors.ts';
import { SamplingInputs } from './sampling-inputs.ts';
import {
  layOutResults,
  layOutSampling,
  type SamplingInput,
  type SamplingLayout,
  type SamplingResult,
  type SamplingShape,
} from './sampling-layout.ts';

/** The memory behind {@link SamplingBuffers} but for the parameters, which lie behind a step's inputs; crosses threads as it is. */
export interface SamplingMemory {
  /** Entries that each of the two lists of a step holds; what does not fit is sampled on the host. */
  readonly maxListEntries: number;
  readonly header: SharedArrayBuffer;
  readonly masks: SharedArrayBuffer;
  readonly results: SharedArrayBuffer;
}

/** Words of the header. */
const BEGIN = 0;
const NUM_ROWS = 1;
const NUM_MASKS = 2;
const NUM_BIASES = 3;
const NUM_SEEN = 4;
const MAX_TOP = 5;
const HEADER_WORDS = 6;
const NO_SAMPLING = -1;

/**
 * What a step that samples on the device takes along and brings back: parameters, one copy together with the step's
 * inputs; masks, which may be written while the step runs; the chosen tokens.
 */
export class SamplingBuffers {
  readonly memory: SamplingMemory;
  /** Words of a mask: one bit for each logit. */
  readonly maskWords: number;
  readonly #inputs: SharedArrayBuffer;
  readonly #header: Int32Array;

  /** @param inputs of the step, with room for the parameters behind them */
  constructor(memory: SamplingMemory, inputs: SharedArrayBuffer, vocabSize: number) {
    this.memory = memory;
    this.maskWords = Math.ceil(vocabSize / 32);
    this.#inputs = inputs;
    this.#header = new Int32Array(memory.header);
  }

  /** @param numRows of logits that a step has at most */
  static allocate(numRows: number, vocabSize: number, maxListEntries: number): SamplingMemory {
    return {
      maxListEntries,
      header: new SharedArrayBuffer(4 * HEADER_WORDS),
      masks: new SharedArrayBuffer(4 * numRows * Math.ceil(vocabSize / 32)),
      results: new SharedArrayBuffer(layOutResults(numRows).byteLength),
    };
  }

  /** A new step, whose inputs end at byte `begin`, and of which nothing is sampled so far. */
  reset(begin: number): void {
    this.#header[BEGIN] = begin;
    this.#header[NUM_ROWS] = NO_SAMPLING;
  }

  /** Lets the step sample, and returns the parameters, to be filled in whole before it starts. */
  begin(shape: SamplingShape): SamplingInputs {
    this.#header[NUM_ROWS] = shape.numRows;
    this.#header[NUM_MASKS] = shape.numMasks;
    this.#header[NUM_BIASES] = shape.numBiases;
    this.#header[NUM_SEEN] = shape.numSeen;
    this.#header[MAX_TOP] = shape.maxTopLogprobs;
    const { maxListEntries } = this.memory;
    const fits = shape.numBiases <= maxListEntries && shape.numSeen <= maxListEntries;
    invariant(fits && this.end <= this.#inputs.byteLength, "a step's sampling is larger than its buffers");
    return this.inputs;
  }

  /** null: the host samples this step and wants all of its logits. */
  get shape(): SamplingShape | null {
    const header = this.#header;
    if (header[NUM_ROWS] === NO_SAMPLING) return null;
    return {
      numRows: header[NUM_ROWS]!,
      numMasks: header[NUM_MASKS]!,
      numBiases: header[NUM_BIASES]!,
      numSeen: header[NUM_SEEN]!,
      maxTopLogprobs: header[MAX_TOP]!,
    };
  }

  /** Where the parameters of a step that samples lie, behind its inputs. */
  get layout(): SamplingLayout<SamplingInput> {
    const { shape } = this;
    invariant(shape, 'the step does not sample');
    return layOutSampling(shape, this.#header[BEGIN]!);
  }

  get inputs(): SamplingInputs {
    return new SamplingInputs(this.#inputs, this.layout);
  }

  /** Bytes of the step's inputs and, where it samples, of the parameters behind them. */
  get end(): number {
    return this.#header[BEGIN]! + (this.shape === null ? 0 : this.layout.byteLength);
  }

  /** One mask, [maskWords]; may be written until the engine waits for the step. Bit 1: allowed. */
  mask(index: number): Int32Array {
    return new Int32Array(this.memory.masks, 4 * index * this.maskWords, this.maskWords);
  }

  /** Views of what the finished step has chosen. */
  results(): SamplingResults {
    const { shape } = this;
    invariant(shape, 'the step does not sample');
    return new SamplingResults(this.memory.results, layOutResults(shape.numRows));
  }
}

/** What came back of a step, as cuda/device-sampler.ts describes it; the lists only where a row asked for some. */
export class SamplingResults {
  readonly token: Int32Array;
  readonly logprob: Float32Array;
  readonly rank: Int32Array;
  readonly topToken: Int32Array;
  readonly topLogprob: Float32Array;

  constructor(memory: SharedArrayBuffer, { offsets, lengths }: SamplingLayout<SamplingResult>) {
    this.token = new Int32Array(memory, offsets.token, lengths.token);
    this.logprob = new Float32Array(memory, offsets.logprob, lengths.logprob);
    this.rank = new Int32Array(memory, offsets.rank, lengths.rank);
    this.topToken = new Int32Array(memory, offsets.topToken, lengths.topToken);
    this.topLogprob = new Float32Array(memory, offsets.topLogprob, lengths.topLogprob);
  }
}
