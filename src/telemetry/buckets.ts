/** Upper bounds of the histograms, as in vLLM V1 (`v1/metrics/loggers.py`). */

/** Seconds. */
export const TIME_TO_FIRST_TOKEN_BUCKETS: readonly number[] = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
];

/** Seconds; between tokens and per output token. */
export const TOKEN_LATENCY_BUCKETS: readonly number[] = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
];

/** Seconds; whole requests and their phases. */
export const REQUEST_LATENCY_BUCKETS: readonly number[] = [
  0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
];

/** Seconds; compilation of a grammar, which is given up after three. */
export const GRAMMAR_BUCKETS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3];

/** Tokens computed in one step. */
export const ITERATION_TOKENS_BUCKETS: readonly number[] = [
  1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384,
];

/** Outputs asked for by one request. */
export const PARAMS_N_BUCKETS: readonly number[] = [1, 2, 5, 10, 20];

/** Seconds; the FastAPI instrumentator's .1, .5 and 1, continued because generations take longer than web pages. */
export const HTTP_DURATION_BUCKETS: readonly number[] = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** 1, 2, 5, 10, 20, 50, … up to `limit` tokens. */
export function tokenCountBuckets(limit: number): number[] {
  const buckets: number[] = [];
  for (let power = 1; ; power *= 10) {
    for (const mantissa of [1, 2, 5]) {
      if (mantissa * power > limit) return buckets;
      buckets.push(mantissa * power);
    }
  }
}
