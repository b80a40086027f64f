import { endsInRepetition } from './repetition.ts';
import type { Sequence } from './sequence.ts';

export interface Finish {
  readonly reason: 'stop' | 'length' | 'repetition';
  /** The stop token id that ended the output; null for the model's end token and for length. */
  readonly stopReason: number | null;
}

/** Whether a sequence ends with its newest output token, and why (vLLM's order: end token, stop token, length, repetition). */
export function finishOf(sequence: Sequence, maxModelLen: number): Finish | null {
  const { maxTokens, sampling, endsAtEos } = sequence.request;
  const token = sequence.outputTokenIds.at(-1);
  if (endsAtEos && token !== undefined && sequence.eosTokenIds.has(token)) return { reason: 'stop', stopReason: null };
  if (token !== undefined && sequence.numOutputTokens >= sampling.minTokens) {
    if (!sampling.ignoreEos && sequence.eosTokenIds.has(token)) return { reason: 'stop', stopReason: null };
    if (sequence.stopTokenIds.has(token)) return { reason: 'stop', stopReason: token };
  }
  const isFull = sequence.numOutputTokens >= maxTokens || sequence.numTokens >= maxModelLen;
  if (isFull) return { reason: 'length', stopReason: null };
  const { repetitionDetection } = sampling;
  const isRepetition =
    repetitionDetection !== null &&
    sequence.numOutputTokens >= sampling.minTokens &&
    endsInRepetition(sequence.outputTokenIds, repetitionDetection);
  return isRepetition ? { reason: 'repetition', stopReason: null } : null;
}
