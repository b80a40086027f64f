import { invariant } from '../errors.ts';
import { SamplingBuffers, type SamplingMemory } from './sampling-buffers.ts';
import { layOutSampling } from './sampling-layout.ts';

/** Limits that size the buffers of a step under the CUDA attention contract. */
export interface PagedStepLimits {
  /** Tokens of one step. */
  readonly maxTokens: number;
  /** Sequences of one step. */
  readonly maxSequences: number;
  /** Rows whose logits one step returns. */
  readonly maxLogitRows: number;
  /** Blocks of the longest sequence. */
  readonly maxBlocksPerSequence: number;
  readonly vocabSize: number;
}

/**
 * Memory for steps under the CUDA attention contract, which take turns in it: one step can be written while another one computes.
 * Crosses threads as it is.
 */
export interface PagedStepMemory {
  readonly kind: 'paged';
  readonly slots: readonly PagedSlotMemory[];
}

/** The memory behind {@link PagedStepBuffers}. */
export interface PagedSlotMemory {
  readonly limits: PagedStepLimits;
  readonly header: SharedArrayBuffer;
  /** Inputs of a step, and behind them the parameters of its sampling. */
  readonly inputs: SharedArrayBuffer;
  /** The same for all slots: of two steps under way only the later one may leave logits here. */
  readonly logits: SharedArrayBuffer;
  /** null: the host samples. */
  readonly sampling: SamplingMemory | null;
}

/** Inputs in the order in which they lie in memory, 64-bit ones first. */
const INPUTS = {
  /** [T] */
  tokenIds: 8,
  /** [T] */
  positions: 8,
  /** [T] */
  slots: 8,
  /** [R] */
  logitRows: 8,
  /** [S + 1] */
  firstTokens: 4,
  /** [S] */
  contextLengths: 4,
  /** [S, maxBlocks] */
  blockTable: 4,
  /** [T]: which row of the step before has chosen the token, -1: `tokenIds` holds it. Of steps that take tokens only. */
  tokenSources: 4,
} as const;

export type PagedInput = keyof typeof INPUTS;
export const pagedInputs = Object.keys(INPUTS) as readonly PagedInput[];

/** Words of the header. */
const NUM_TOKENS = 0;
const NUM_LOGIT_ROWS = 1;
const NUM_SEQUENCES = 2;
const MAX_BLOCKS = 3;
const GRAPH = 4;
const NUM_DECODES = 5;
const TAKES_TOKENS = 6;
const FRESH_SEQUENCE = 7;
const FRESH_TOKEN = 8;
const HEADER_WORDS = 9;
const ALIGNMENT = 16;

export interface PagedStepShape {
  readonly numTokens: number;
  /** At least 1: no tensor may be empty. */
  readonly numLogitRows: number;
  /** At least 1. */
  readonly numSequences: number;
  /** The first sequences that have one token each, or none (padding); their tokens are the first of the step. */
  readonly numDecodes: number;
  /**
   * The sequence from which on all are fresh chunks, and its first token: chunks of prompts that begin their sequence, for which nothing was cached before
   * this step. numSequences and numTokens where there are none.
   */
  readonly firstFreshSequence: number;
  readonly firstFreshToken: number;
  /** Columns of the block table, at least 1. */
  readonly maxBlocks: number;
  /** A step of this shape may be captured once and replayed: nothing but the inputs' contents differs. */
  readonly isReplayable: boolean;
  /** Some of the tokens are those that the step before chooses, which the engine does not know yet. */
  readonly takesTokens: boolean;
}

/**
 * A step's inputs and logits in memory that the engine and one rank share. The inputs lie one after another, so that one
 * copy takes all of them to the device; where each begins follows from the step's shape alone.
 */
export class PagedStepBuffers {
  readonly memory: PagedSlotMemory;
  /** f32 [R, vocabSize]; of a step that samples on the device only the rows that it leaves to the host */
  readonly logits: Float32Array;
  /** null: the host samples. */
  readonly sampling: SamplingBuffers | null;
  readonly #header: Int32Array;

  constructor(memory: PagedSlotMemory) {
    this.memory = memory;
    this.#header = new Int32Array(memory.header);
    this.logits = new Float32Array(memory.logits);
    const { sampling, inputs, limits } = memory;
    this.sampling = sampling && new SamplingBuffers(sampling, inputs, limits.vocabSize);
  }

  /**
   * @param maxListEntries entries of each list of parameters where the device samples; null: the host does
   * @param numSlots steps that may be under way
   */
  static allocate(limits: PagedStepLimits, maxListEntries: number | null = null, numSlots = 1): PagedStepBuffers[] {
    const { maxTokens, maxSequences, maxLogitRows, maxBlocksPerSequence, vocabSize } = limits;
    const largest = layOut({
      numTokens: maxTokens,
      numLogitRows: maxLogitRows,
      numSequences: maxSequences,
      maxBlocks: maxBlocksPerSequence,
    });
    let inputBytes = largest.byteLength;
    if (maxListEntries !== null) {
      const most = { numRows: maxLogitRows, numBiases: maxListEntries, numSeen: maxListEntries };
      inputBytes += layOutSampling(most, inputBytes).byteLength;
    }
    const logits = new SharedArrayBuffer(4 * maxLogitRows * vocabSize);
    return Array.from({ length: numSlots }, () => {
      const sampling =
        maxListEntries === null ? null : SamplingBuffers.allocate(maxLogitRows, vocabSize, maxListEntries);
      const header = new SharedArrayBuffer(4 * HEADER_WORDS);
      return new PagedStepBuffers({ limits, header, inputs: new SharedArrayBuffer(inputBytes), logits, sampling });
    });
  }

  get shape(): PagedStepShape {
    return {
      numTokens: this.#header[NUM_TOKENS]!,
      numLogitRows: this.#header[NUM_LOGIT_ROWS]!,
      numSequences: this.#header[NUM_SEQUENCES]!,
      numDecodes: this.#header[NUM_DECODES]!,
      firstFreshSequence: this.#header[FRESH_SEQUENCE]!,
      firstFreshToken: this.#header[FRESH_TOKEN]!,
      maxBlocks: this.#header[MAX_BLOCKS]!,
      isReplayable: this.#header[GRAPH] === 1,
      takesTokens: this.#header[TAKES_TOKENS] === 1,
    };
  }

  /** Starts a new step and returns its inputs, to be filled in whole. */
  begin(shape: PagedStepShape): PagedStepInputs {
    // The device writes that many rows.
    invariant(shape.numLogitRows <= this.memory.limits.maxLogitRows, 'a step has more rows of logits than its buffers');
    this.#header[NUM_TOKENS] = shape.numTokens;
    this.#header[NUM_LOGIT_ROWS] = shape.numLogitRows;
    this.#header[NUM_SEQUENCES] = shape.numSequences;
    this.#header[NUM_DECODES] = shape.numDecodes;
    this.#header[FRESH_SEQUENCE] = shape.firstFreshSequence;
    this.#header[FRESH_TOKEN] = shape.firstFreshToken;
    this.#header[MAX_BLOCKS] = shape.maxBlocks;
    this.#header[GRAPH] = Number(shape.isReplayable);
    this.#header[TAKES_TOKENS] = Number(shape.takesTokens);
    const layout = layOut(shape);
    this.sampling?.reset(layout.byteLength);
    return new PagedStepInputs(this.memory.inputs, layout);
  }
}

/** Where the inputs of one step lie. */
export interface PagedLayout {
  readonly offsets: Readonly<Record<PagedInput, number>>;
  readonly shapes: Readonly<Record<PagedInput, readonly number[]>>;
  readonly byteLength: number;
}

/** Byte offsets and shapes of the inputs of a step. */
export function layOut({
  numTokens,
  numLogitRows,
  numSequences,
  maxBlocks,
}: Pick<PagedStepShape, 'numTokens' | 'numLogitRows' | 'numSequences' | 'maxBlocks'>): PagedLayout {
  const shapes: Record<PagedInput, readonly number[]> = {
    tokenIds: [numTokens],
    positions: [numTokens],
    slots: [numTokens],
    logitRows: [numLogitRows],
    firstTokens: [numSequences + 1],
    contextLengths: [numSequences],
    blockTable: [numSequences, maxBlocks],
    tokenSources: [numTokens],
  };
  const offsets = {} as Record<PagedInput, number>;
  let end = 0;
  for (const input of pagedInputs) {
    offsets[input] = end;
    const bytes = shapes[input].reduce((product, size) => product * size, INPUTS[input]);
    end = Math.ceil((end + bytes) / ALIGNMENT) * ALIGNMENT;
  }
  return { offsets, shapes, byteLength: end };
}

/** Views of a step's inputs. Ids and positions are below 2^31 but for negative slots, so high words are 0 or -1. */
export class PagedStepInputs {
  readonly firstTokens: Int32Array;
  readonly contextLengths: Int32Array;
  readonly blockTable: Int32Array;
  readonly tokenSources: Int32Array;
  readonly #words: Int32Array;
  readonly #layout: PagedLayout;

  constructor(memory: SharedArrayBuffer, layout: PagedLayout) {
    invariant(layout.byteLength <= memory.byteLength, 'a step is larger than its buffers');
    this.#layout = layout;
    this.#words = new Int32Array(memory);
    const view = (input: PagedInput): Int32Array => {
      const length = layout.shapes[input].reduce((product, size) => product * size, 1);
      return new Int32Array(memory, layout.offsets[input], length);
    };
    this.firstTokens = view('firstTokens');
    this.contextLengths = view('contextLengths');
    this.blockTable = view('blockTable');
    this.tokenSources = view('tokenSources');
  }

  /** Writes element `index` of a 64-bit input. */
  set(input: 'tokenIds' | 'positions' | 'slots' | 'logitRows', index: number, value: number): void {
    const at = this.#layout.offsets[input] / 4 + 2 * index;
    this.#words[at] = value;
    this.#words[at + 1] = value < 0 ? -1 : 0;
  }
}
