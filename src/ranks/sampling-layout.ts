import { MAX_TOP_LOGPROBS } from '../cuda/max-top-logprobs.ts';

/** Sizes of what one step's sampling takes. */
export interface SamplingShape {
  /** Rows of logits, the ones that the host looks at included. */
  readonly numRows: number;
  /** Rows under a mask. */
  readonly numMasks: number;
  /** Entries of the list of biases, all rows together. */
  readonly numBiases: number;
  /** Entries of the list of tokens that penalties touch, all rows together. */
  readonly numSeen: number;
  /** The most that a row asks for; -1: no row asks for log-probabilities. */
  readonly maxTopLogprobs: number;
}

/** Bytes of an element and what it is counted by, 64-bit ones first. Names and meanings are those of cuda/device-sampler.ts. */
const INPUTS = {
  seed: [8, 'rows'],
  index: [8, 'rows'],
  validTokens: [4, 'rows'],
  maskRow: [4, 'rows'],
  biasStart: [4, 'starts'],
  historyStart: [4, 'starts'],
  repetitionPenalty: [4, 'rows'],
  presencePenalty: [4, 'rows'],
  frequencyPenalty: [4, 'rows'],
  temperature: [4, 'rows'],
  topK: [4, 'rows'],
  topP: [4, 'rows'],
  minP: [4, 'rows'],
  topLogprobs: [4, 'rows'],
  biasToken: [4, 'biases'],
  biasValue: [4, 'biases'],
  historyToken: [4, 'seen'],
  historyCount: [4, 'seen'],
} as const;

/** Bytes of an element and elements of a row; the lists come last, so that they can be left out. */
const RESULTS = {
  token: [4, 1],
  logprob: [4, 1],
  rank: [4, 1],
  topToken: [4, MAX_TOP_LOGPROBS],
  topLogprob: [4, MAX_TOP_LOGPROBS],
} as const;

export type SamplingInput = keyof typeof INPUTS;
export type SamplingResult = keyof typeof RESULTS;
const samplingInputs = Object.keys(INPUTS) as readonly SamplingInput[];
const samplingResults = Object.keys(RESULTS) as readonly SamplingResult[];

const ALIGNMENT = 16;

/** Where tensors that lie one after another begin, in bytes. */
export interface SamplingLayout<Name extends string> {
  readonly offsets: Readonly<Record<Name, number>>;
  readonly lengths: Readonly<Record<Name, number>>;
  readonly byteLength: number;
}

/** @param begin of the first one in bytes, a multiple of 16 */
export function layOutSampling(
  { numRows, numBiases, numSeen }: Pick<SamplingShape, 'numRows' | 'numBiases' | 'numSeen'>,
  begin: number,
): SamplingLayout<SamplingInput> {
  const counts = { rows: numRows, starts: numRows + 1, biases: numBiases, seen: numSeen };
  return layOut(samplingInputs, (name) => [INPUTS[name][0], counts[INPUTS[name][1]]], begin);
}

/** Byte offsets of what comes back, in a block of memory of its own. */
export function layOutResults(numRows: number): SamplingLayout<SamplingResult> {
  return layOut(samplingResults, (name) => [RESULTS[name][0], RESULTS[name][1] * numRows], 0);
}

function layOut<Name extends string>(
  names: readonly Name[],
  sizeOf: (name: Name) => readonly [bytes: number, length: number],
  begin: number,
): SamplingLayout<Name> {
  const offsets = {} as Record<Name, number>;
  const lengths = {} as Record<Name, number>;
  let end = begin;
  for (const name of names) {
    const [bytes, length] = sizeOf(name);
    offsets[name] = end;
    lengths[name] = length;
    end = Math.ceil((end + bytes * length) / ALIGNMENT) * ALIGNMENT;
  }
  return { offsets, lengths, byteLength: end - begin };
}
