import type { RepetitionDetection } from '../sampling/sampling-params.ts';

/** Whether the tokens end in one pattern, minCount times in a row (vLLM's check_sequence_repetition). */
export function endsInRepetition(tokenIds: readonly number[], detection: RepetitionDetection): boolean {
  const { minPatternSize, maxPatternSize, minCount } = detection;
  for (let size = minPatternSize; size <= maxPatternSize && size * minCount <= tokenIds.length; size++) {
    if (repeatsAtEnd(tokenIds, size, minCount)) return true;
  }
  return false;
}

/** The last size * count tokens have the period `size`. */
function repeatsAtEnd(tokenIds: readonly number[], size: number, count: number): boolean {
  const start = tokenIds.length - size * count;
  for (let i = tokenIds.length - 1; i >= start + size; i--) {
    if (tokenIds[i] !== tokenIds[i - size]) return false;
  }
  return true;
}
