import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { StallWatch } from '../../src/engine/stall-watch.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('reports silence while work is expected, once', () => {
  const onStall = vi.fn();
  const watch = new StallWatch(1000, onStall);
  watch.expect();
  vi.advanceTimersByTime(900);
  watch.expect();
  vi.advanceTimersByTime(900);
  expect(onStall).not.toHaveBeenCalled();
  vi.advanceTimersByTime(5000);
  expect(onStall).toHaveBeenCalledOnce();
  expect(onStall.mock.calls[0]![0]).toMatchObject({ message: 'the engine has not completed a step for 1 s' });
});

it('is silent at rest, and watches again afterwards', () => {
  const onStall = vi.fn();
  const watch = new StallWatch(1000, onStall);
  watch.expect();
  watch.rest();
  vi.advanceTimersByTime(5000);
  expect(onStall).not.toHaveBeenCalled();
  watch.expect();
  vi.advanceTimersByTime(1000);
  expect(onStall).toHaveBeenCalledOnce();
});
