import { setTimeout as delay } from 'node:timers/promises';
import type { RequestResult } from './streaming-client.ts';

/** Sends request number `i`, which was due at `startedAt` (performance.now()), and resolves when it has ended. */
export type SendRequest = (i: number, startedAt: number) => Promise<RequestResult>;

/** Fixed concurrency: each of `concurrency` users sends the next request as soon as its last one has ended. */
export async function runClosedLoop(
  send: SendRequest,
  options: { readonly concurrency: number; readonly requests: number },
): Promise<RequestResult[]> {
  const results: RequestResult[] = [];
  let next = 0;
  const user = async (): Promise<void> => {
    while (next < options.requests) results.push(await send(next++, performance.now()));
  };
  await Promise.all(Array.from({ length: Math.min(options.concurrency, options.requests) }, user));
  return results;
}

/** Arrival times of a Poisson process, in milliseconds from its start. */
export function poissonArrivals(requests: number, ratePerSecond: number, uniform: () => number): number[] {
  let time = 0;
  return Array.from({ length: requests }, () => {
    time += (-Math.log(1 - uniform()) / ratePerSecond) * 1000;
    return time;
  });
}

/** Sends at the given times however slow the answers are; a late timer counts as latency of the request. */
export async function runOpenLoop(send: SendRequest, arrivals: readonly number[]): Promise<RequestResult[]> {
  const start = performance.now();
  const pending: Promise<RequestResult>[] = [];
  for (const [i, arrival] of arrivals.entries()) {
    const wait = start + arrival - performance.now();
    if (wait > 0) await delay(wait);
    pending.push(send(i, start + arrival));
  }
  return Promise.all(pending);
}
