import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { monotonicMs } from '../../src/engine/monotonic-clock.ts';
import { RequestTimes } from '../../src/engine/request-times.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['hrtime'] });
});
afterEach(() => {
  vi.useRealTimers();
});
const pass = (ms: number) => vi.advanceTimersByTime(ms);

it('splits the time of a request into queue, prefill and decode', () => {
  const times = new RequestTimes();
  pass(5);
  expect(times).toMatchObject({ isWaiting: true, queueMs: 5, prefillMs: 0, decodeMs: 0, totalMs: 5 });
  const planned = monotonicMs();
  pass(30);
  // Told of the step's beginning at its end.
  times.admit(planned);
  expect(times).toMatchObject({ isWaiting: false, queueMs: 5, prefillMs: 30, decodeMs: 0 });
  // Preempted and admitted again: still its prefill.
  times.admit(monotonicMs());
  pass(10);
  times.start();
  expect(times.addToken()).toEqual({ isFirst: true, sinceMs: 45 });
  pass(7);
  expect(times.addToken()).toEqual({ isFirst: false, sinceMs: 7 });
  pass(8);
  expect(times.addToken()).toEqual({ isFirst: false, sinceMs: 8 });
  pass(100);
  expect(times).toMatchObject({ queueMs: 5, prefillMs: 40, decodeMs: 15, totalMs: 160 });
});

it('ends the prefill of a prompt that is only scored with its start', () => {
  const times = new RequestTimes();
  times.admit(monotonicMs());
  pass(20);
  times.start();
  pass(9);
  expect(times).toMatchObject({ prefillMs: 20, decodeMs: 0 });
});
