import type { RequestResult } from './streaming-client.ts';

/** Milliseconds; NaN without a sample. */
export interface Percentiles {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface Summary {
  readonly requests: number;
  readonly errors: number;
  /** From the first request to the end of the last. */
  readonly durationSeconds: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly outputTokensPerSecond: number;
  readonly totalTokensPerSecond: number;
  readonly timeToFirstToken: Percentiles;
  readonly interTokenLatency: Percentiles;
  readonly endToEnd: Percentiles;
}

/** Percentile of an ascending list with linear interpolation, as numpy's default. */
export function percentile(sorted: ArrayLike<number>, percent: number): number {
  if (sorted.length === 0) return Number.NaN;
  const position = ((sorted.length - 1) * percent) / 100;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (position - below);
}

export function percentiles(samples: readonly number[]): Percentiles {
  const sorted = Float64Array.from(samples).sort();
  const mean = sorted.reduce((sum, sample) => sum + sample, 0) / sorted.length;
  const at = (percent: number): number => percentile(sorted, percent);
  return { mean, p50: at(50), p90: at(90), p99: at(99), max: at(100) };
}

/** Figures of one level of load; failed requests count as errors and nowhere else. */
export function summarize(results: readonly RequestResult[]): Summary {
  const answered = results.filter((result) => result.outcome === 'ok');
  const start = results.reduce((first, result) => Math.min(first, result.startedAt), Number.POSITIVE_INFINITY);
  const end = results.reduce((last, result) => Math.max(last, result.endedAt), Number.NEGATIVE_INFINITY);
  const durationSeconds = Math.max(0, end - start) / 1000;
  const promptTokens = answered.reduce((sum, result) => sum + result.promptTokens, 0);
  const outputTokens = answered.reduce((sum, result) => sum + result.outputTokens, 0);
  return {
    requests: results.length,
    errors: results.filter((result) => result.outcome === 'error').length,
    durationSeconds,
    promptTokens,
    outputTokens,
    outputTokensPerSecond: outputTokens / durationSeconds,
    totalTokensPerSecond: (promptTokens + outputTokens) / durationSeconds,
    timeToFirstToken: percentiles(
      answered.flatMap((result) => (result.tokenTimes.length > 0 ? [result.tokenTimes[0]! - result.startedAt] : [])),
    ),
    interTokenLatency: percentiles(answered.flatMap((result) => gaps(result.tokenTimes))),
    endToEnd: percentiles(answered.map((result) => result.endedAt - result.startedAt)),
  };
}

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((time, i) => time - times[i]!);
}
