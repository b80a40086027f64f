import { relativeError, type Spread, spreadOf } from './errors.ts';
import type { ForcedLogits } from './forced-tokens.ts';
import { bestTwo, logprob } from './logit-rows.ts';
import type { Reference } from './reference.ts';

export interface ForcedComparison {
  /** Positions whose margin in the reference is large enough, and all. */
  readonly compared: number;
  readonly total: number;
  /** The first of the compared positions where another token is the best. */
  readonly mismatch: string | null;
  readonly meanLogprob: number;
  readonly worstLogprob: number;
  /** Relative errors of the rows of logits. */
  readonly errors: Spread;
}

/** Compares each position by itself, since all were fed the same tokens. */
export function compareForced(
  { goldens, logits: truth }: Reference,
  logits: ForcedLogits,
  threshold: number,
): ForcedComparison {
  const differences: number[] = [];
  const errors: number[] = [];
  let compared = 0;
  let mismatch: string | null = null;
  goldens.forEach(({ prompt, tokens, margins, logprobs }, index) => {
    tokens.forEach((token, i) => {
      const row = logits[index]![i]!;
      const difference = Math.abs(logprob(row, token) - logprobs[i]!);
      differences.push(Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
      errors.push(relativeError(row, truth[index]![i]!));
      if (!(margins[i]! >= threshold)) return;
      compared++;
      const [best] = bestTwo(row);
      if (best !== token) mismatch ??= `prompt of ${prompt.length}, token ${i}: ${best} instead of ${token}`;
    });
  });
  const total = differences.length;
  return {
    compared,
    total,
    mismatch,
    meanLogprob: differences.reduce((sum, difference) => sum + difference, 0) / total,
    worstLogprob: spreadOf(differences).worst,
    errors: spreadOf(errors),
  };
}

/**
 * The most by which the margin of any position differs between two runs: the distance of the two logits that are best in the truth.
 * Infinite where a value is not a number.
 */
export function marginNoise(truth: ForcedLogits, one: ForcedLogits, other: ForcedLogits): number {
  let most = 0;
  truth.forEach((rows, index) => {
    rows.forEach((row, i) => {
      const [best, second] = bestTwo(row);
      const margin = (logits: ForcedLogits): number => logits[index]![i]![best]! - logits[index]![i]![second]!;
      const change = Math.abs(margin(one) - margin(other));
      most = Math.max(most, Number.isNaN(change) ? Number.POSITIVE_INFINITY : change);
    });
  });
  return most;
}
