import { expect, test } from 'vitest';
import { poissonArrivals, runClosedLoop, runOpenLoop } from '../../bench/load.ts';
import { percentile, percentiles, summarize } from '../../bench/statistics.ts';
import type { RequestResult } from '../../bench/streaming-client.ts';
import { uniformAt } from '../../src/sampling/random.ts';

function result(overrides: Partial<RequestResult> = {}): RequestResult {
  return {
    outcome: 'ok',
    error: null,
    startedAt: 0,
    endedAt: 0,
    tokenTimes: [],
    promptTokens: 0,
    outputTokens: 0,
    ...overrides,
  };
}

test('the closed loop keeps exactly as many requests open as asked for', async () => {
  let active = 0;
  let maxActive = 0;
  const sent: number[] = [];
  const send = async (i: number): Promise<RequestResult> => {
    sent.push(i);
    maxActive = Math.max(maxActive, ++active);
    for (let turns = 0; turns <= i % 3; turns++) await new Promise((resolve) => setImmediate(resolve));
    active--;
    return result();
  };
  expect(await runClosedLoop(send, { concurrency: 5, requests: 23 })).toHaveLength(23);
  expect(maxActive).toBe(5);
  expect(sent).toEqual([...Array(23).keys()]);
  expect(await runClosedLoop(send, { concurrency: 5, requests: 0 })).toEqual([]);
});

test('the open loop does not wait for answers and measures from the time of arrival', async () => {
  let release: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const starts: number[] = [];
  const send = async (i: number, startedAt: number): Promise<RequestResult> => {
    starts.push(startedAt);
    if (i === 2) release(); // only reached if the first two, still unanswered, did not hold it up
    await gate;
    return result({ startedAt });
  };
  await runOpenLoop(send, [0, 2, 5]);
  expect(starts[1]! - starts[0]!).toBeCloseTo(2, 6);
  expect(starts[2]! - starts[0]!).toBeCloseTo(5, 6);
});

test('arrivals are those of a Poisson process', () => {
  let drawn = 0;
  const arrivals = poissonArrivals(20_000, 50, () => uniformAt(3, drawn++));
  const gaps = arrivals.map((time, i) => time - (arrivals[i - 1] ?? 0));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
  expect(Math.abs(mean - 20)).toBeLessThan(0.6); // milliseconds; the standard error is 0.14
  expect(Math.abs(Math.sqrt(variance) / mean - 1)).toBeLessThan(0.05);
});

test('percentiles are those of numpy', () => {
  // numpy.percentile([15, 20, 35, 40, 50], [0, 5, 30, 40, 50, 100])
  const sorted = [15, 20, 35, 40, 50];
  const expected = [15, 16, 23, 29, 35, 50];
  for (const [i, percent] of [0, 5, 30, 40, 50, 100].entries()) {
    expect(percentile(sorted, percent)).toBeCloseTo(expected[i]!, 9);
  }
  expect(percentiles([10, 9, 100, 2])).toMatchObject({ mean: 30.25, p50: 9.5, max: 100 });
  expect(percentiles([]).p50).toBeNaN();
});

test('a summary counts what was answered and times from the first request to the last end', () => {
  const summary = summarize([
    result({ startedAt: 1000, endedAt: 2000, tokenTimes: [1200, 1300, 1500], promptTokens: 10, outputTokens: 3 }),
    result({ startedAt: 1500, endedAt: 3000, tokenTimes: [1900, 2900], promptTokens: 20, outputTokens: 2 }),
    result({ startedAt: 1600, endedAt: 1700, outcome: 'error', error: 'x' }),
  ]);
  expect(summary).toMatchObject({
    requests: 3,
    errors: 1,
    durationSeconds: 2,
    promptTokens: 30,
    outputTokens: 5,
    outputTokensPerSecond: 2.5,
    totalTokensPerSecond: 17.5,
  });
  expect(summary.timeToFirstToken).toMatchObject({ mean: 300, max: 400 });
  expect(summary.interTokenLatency).toMatchObject({ p50: 200, max: 1000 });
  expect(summary.endToEnd.mean).toBe(1250);
});
