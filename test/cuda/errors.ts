/** Euclidean norm of the difference over that of `wanted`; infinite where a value is not a number. */
export function relativeError(actual: ArrayLike<number>, wanted: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < wanted.length; i++) {
    difference += (actual[i]! - wanted[i]!) ** 2;
    norm += wanted[i]! ** 2;
  }
  const error = Math.sqrt(difference / norm);
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
}

export interface Spread {
  readonly median: number;
  readonly worst: number;
}

/** @param values at least one */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)]!, worst: sorted.at(-1)! };
}

export function describeSpread({ median, worst }: Spread): string {
  return `median ${median.toExponential(1)}, worst ${worst.toExponential(1)}`;
}
