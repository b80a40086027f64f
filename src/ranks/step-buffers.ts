import { invariant } from '../errors.ts';

/** Limits that size the buffers of a step. */
export interface StepLimits {
  /** Tokens of one step. */
  readonly maxTokens: number;
  /** Sequences of one step. */
  readonly maxSequences: number;
  /** Prefill chunks of one step. */
  readonly maxChunks: number;
  /** Rows whose logits one step returns. */
  readonly maxLogitRows: number;
  /** Blocks of the longest sequence. */
  readonly maxBlocksPerSequence: number;
  /** Padded batches that attention distinguishes. */
  readonly numGroups: number;
  readonly vocabSize: number;
}

/** Order of the i64 inputs in the header; per group follow rows, blocks and context lengths. */
const COMMON_INPUTS = 4;
const INPUTS_PER_GROUP = 3;
/** Element offset and up to three dimensions per input. */
const HEADER_FIELDS = 4;
const HEADER_START = 2;

export type CommonInput = 'tokenIds' | 'positions' | 'logitRows' | 'order';
const commonInputs: readonly CommonInput[] = ['tokenIds', 'positions', 'logitRows', 'order'];

export type GroupInput = 'rows' | 'blocks' | 'contextLengths';
const groupInputs: readonly GroupInput[] = ['rows', 'blocks', 'contextLengths'];

/** One input of a step: where its elements begin in {@link StepBuffers.integers}, and its shape. */
export interface StepInput {
  readonly offset: number;
  readonly dims: readonly number[];
}

/** The memory behind {@link StepBuffers}; crosses threads as it is. */
export interface StepMemory {
  readonly kind: 'grouped';
  readonly limits: StepLimits;
  readonly header: SharedArrayBuffer;
  readonly integers: SharedArrayBuffer;
  readonly slots: SharedArrayBuffer;
  readonly logits: SharedArrayBuffer;
}

/**
 * A step's inputs and results in memory that the engine and one rank share. The engine writes inputs, the rank reads
 * them in place as tensors and writes logits; who may touch them when is the rank link's business.
 */
export class StepBuffers {
  readonly memory: StepMemory;
  /** i64 elements as pairs of 32-bit words (low, high): ids, positions and indices stay below 2^31, so high words are 0. */
  readonly integers: Int32Array;
  /** Pool slot of each token's latent, [T]. */
  readonly slots: Int32Array;
  /** f32 [R, vocabSize] */
  readonly logits: Float32Array;
  readonly #header: Int32Array;
  #next = 0;

  constructor(memory: StepMemory) {
    this.memory = memory;
    this.#header = new Int32Array(memory.header);
    this.integers = new Int32Array(memory.integers);
    this.slots = new Int32Array(memory.slots);
    this.logits = new Float32Array(memory.logits);
  }

  static allocate(limits: StepLimits): StepBuffers {
    const { maxTokens, maxSequences, maxChunks, maxLogitRows, maxBlocksPerSequence, numGroups } = limits;
    const numInputs = COMMON_INPUTS + numGroups * INPUTS_PER_GROUP;
    const sequences = maxSequences + maxChunks + numGroups;
    const queries = maxSequences + maxChunks * maxTokens + numGroups;
    // Block counts are rounded up when sequences are grouped; twice the longest table covers that.
    const blocks = sequences * 2 * Math.max(8, maxBlocksPerSequence);
    const integers = 3 * maxTokens + maxLogitRows + queries + sequences + blocks;
    return new StepBuffers({
      kind: 'grouped',
      limits,
      header: new SharedArrayBuffer(4 * (HEADER_START + numInputs * HEADER_FIELDS)),
      integers: new SharedArrayBuffer(8 * integers),
      slots: new SharedArrayBuffer(4 * maxTokens),
      logits: new SharedArrayBuffer(4 * maxLogitRows * limits.vocabSize),
    });
  }

  /** Starts a new step: earlier inputs are void. */
  reset(numTokens: number, numLogitRows: number): void {
    this.#header[0] = numTokens;
    this.#header[1] = numLogitRows;
    this.#next = 0;
  }

  get numTokens(): number {
    return this.#header[0]!;
  }

  get numLogitRows(): number {
    return this.#header[1]!;
  }

  /** Reserves an input; returns the index of its first word in {@link integers} (element i is at words 2i and 2i + 1). */
  claimCommon(input: CommonInput, length: number): number {
    return this.#claim(commonInputs.indexOf(input), [length]);
  }

  claimGroup(group: number, input: GroupInput, dims: readonly number[]): number {
    return this.#claim(groupIndex(group, input), dims);
  }

  common(input: CommonInput): StepInput {
    return this.#read(commonInputs.indexOf(input), 1);
  }

  group(group: number, input: GroupInput): StepInput {
    return this.#read(groupIndex(group, input), input === 'contextLengths' ? 3 : 2);
  }

  #claim(index: number, dims: readonly number[]): number {
    const at = HEADER_START + index * HEADER_FIELDS;
    const offset = this.#next;
    let length = 1;
    this.#header[at] = offset;
    dims.forEach((dim, axis) => {
      this.#header[at + 1 + axis] = dim;
      length *= dim;
    });
    this.#next += length;
    invariant(2 * this.#next <= this.integers.length, 'a step is larger than its buffers');
    return 2 * offset;
  }

  #read(index: number, rank: number): StepInput {
    const at = HEADER_START + index * HEADER_FIELDS;
    return { offset: this.#header[at]!, dims: Array.from(this.#header.subarray(at + 1, at + 1 + rank)) };
  }
}

function groupIndex(group: number, input: GroupInput): number {
  return COMMON_INPUTS + group * INPUTS_PER_GROUP + groupInputs.indexOf(input);
}
