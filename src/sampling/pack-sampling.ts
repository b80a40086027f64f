import { MAX_TOP_LOGPROBS } from '../cuda/max-top-logprobs.ts';
import type { SamplingBuffers } from '../ranks/sampling-buffers.ts';
import type { SamplingInputs } from '../ranks/sampling-inputs.ts';
import { GREEDY_TEMPERATURE } from './sampler.ts';
import type { SamplingParams } from './sampling-params.ts';
import type { SequenceSampling } from './sequence-sampling.ts';
import { needsMask } from './token-mask.ts';

/** A row of logits that a token is wanted from. */
export interface RowSampling {
  readonly row: number;
  readonly sampling: SequenceSampling;
  /** Its output must match a grammar. */
  readonly hasGrammar: boolean;
  /** Output tokens that come before this one and are not known yet. */
  readonly numPending: number;
}

const NO_MASK = -1;
const NO_LOGPROBS = -1;
const MAX_INT32 = 2 ** 31 - 1;

/**
 * Writes what the device needs to sample rows of a step. Rows that it cannot serve, or whose lists no longer fit, are left to the
 * host, as are rows that no token is wanted from: their `validTokens` is 0.
 *
 * @param rows ascending
 * @param numRows rows of logits that the step has
 * @param vocabSize ids below this exist
 * @returns the rows under a mask, in the order of their masks, which are still to be written
 */
export function packSampling<Row extends RowSampling>(
  buffers: SamplingBuffers,
  rows: readonly Row[],
  numRows: number,
  vocabSize: number,
): Row[] {
  const { maxListEntries } = buffers.memory;
  const masked: Row[] = [];
  const served: Row[] = [];
  let numBiases = 0;
  let numSeen = 0;
  let maxTopLogprobs = NO_LOGPROBS;
  for (const row of rows) {
    const { params, seenTokenIds } = row.sampling;
    const fits =
      numBiases + params.logitBias.length <= maxListEntries && numSeen + seenTokenIds.length <= maxListEntries;
    if (!fits || !isServed(params)) continue;
    served.push(row);
    if (row.hasGrammar || needsMask(row.sampling)) masked.push(row);
    numBiases += params.logitBias.length;
    numSeen += seenTokenIds.length;
    maxTopLogprobs = Math.max(maxTopLogprobs, params.logprobs ?? NO_LOGPROBS);
  }
  const inputs = buffers.begin({ numRows, numMasks: masked.length, numBiases, numSeen, maxTopLogprobs });
  inputs.validTokens.fill(0);
  inputs.topLogprobs.fill(NO_LOGPROBS);
  inputs.maskRow.fill(NO_MASK);
  writeRows(inputs, served, vocabSize);
  masked.forEach(({ row }, index) => {
    inputs.maskRow[row] = index;
  });
  return masked;
}

/** Whether the device can sample with such parameters. */
export function isServed({ logprobs, logprobTokenIds }: SamplingParams): boolean {
  return logprobs === null || (logprobTokenIds.length === 0 && logprobs <= MAX_TOP_LOGPROBS);
}

function writeRows(inputs: SamplingInputs, rows: readonly RowSampling[], vocabSize: number): void {
  const { biasStart, historyStart } = inputs;
  let bias = 0;
  let seen = 0;
  let next = 0;
  for (const { row, sampling, numPending } of rows) {
    const { params, seenTokenIds, outputCounts } = sampling;
    biasStart.fill(bias, next, row + 1);
    historyStart.fill(seen, next, row + 1);
    next = row + 1;
    for (const [tokenId, value] of params.logitBias) {
      inputs.biasToken[bias] = tokenId;
      inputs.biasValue[bias++] = value;
    }
    for (let i = 0; i < seenTokenIds.length; i++) {
      inputs.historyToken[seen] = seenTokenIds[i]!;
      // Whether the prompt holds the token makes no difference to it.
      inputs.historyCount[seen++] = outputCounts[i]! * 2;
    }
    inputs.validTokens[row] = vocabSize;
    inputs.repetitionPenalty[row] = params.repetitionPenalty;
    inputs.presencePenalty[row] = params.presencePenalty;
    inputs.frequencyPenalty[row] = params.frequencyPenalty;
    inputs.temperature[row] = params.temperature < GREEDY_TEMPERATURE ? 0 : params.temperature;
    inputs.topK[row] = Math.min(params.topK, MAX_INT32);
    inputs.topP[row] = params.topP;
    inputs.minP[row] = params.minP;
    inputs.topLogprobs[row] = params.logprobs ?? NO_LOGPROBS;
    inputs.setDraw(row, sampling.seed, sampling.numOutputTokens + numPending);
  }
  biasStart.fill(bias, next);
  historyStart.fill(seen, next);
}
