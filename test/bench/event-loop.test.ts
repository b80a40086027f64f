import { expect, it } from 'vitest';
import { longestGap, parseLoopDelays } from '../../bench/run-event-loop.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

it("reads the event loop's delays from what the server shows", async () => {
  const text = await createMetrics({ modelName: 'm' }).text();
  const [p50, p99, max] = parseLoopDelays(text);
  for (const delay of [p50, p99, max]) expect(delay).not.toBeNaN();
  const shown = text.replace(/^(nodejs_eventloop_lag_p99_seconds) .*$/m, '$1 0.0425');
  expect(parseLoopDelays(shown)[1]).toBeCloseTo(42.5);
  expect(() => parseLoopDelays('')).toThrow('nodejs_eventloop_lag_p50_seconds');
});

it('finds the longest gap that touches a window', () => {
  const results = [{ tokenTimes: [0, 100, 110, 130] }, { tokenTimes: [115, 120, 150] }, { tokenTimes: [118] }];
  expect(longestGap(results, 105, 125)).toBe(30);
  expect(longestGap(results, 50, 125)).toBe(100);
  expect(longestGap(results, 200, 300)).toBe(0);
});
