import { setTimeout as delay } from 'node:timers/promises';
import type { StreamingClient } from './streaming-client.ts';

export interface ServerLoad {
  readonly running: number;
  readonly waiting: number;
  /** 0 to 1. */
  readonly kvUsage: number;
}

/** Three gauges of a /metrics text. @throws Error when one is missing */
export function parseServerLoad(text: string): ServerLoad {
  const gauge = (name: string): number => {
    const match = new RegExp(`^vllm:${name}(?:\\{.*\\})? (\\S+)$`, 'm').exec(text);
    if (!match) throw new Error(`/metrics has no vllm:${name}`);
    return Number(match[1]);
  };
  return {
    running: gauge('num_requests_running'),
    waiting: gauge('num_requests_waiting'),
    kvUsage: gauge('kv_cache_usage_perc'),
  };
}

export function isIdle(load: ServerLoad): boolean {
  return load.running === 0 && load.waiting === 0 && load.kvUsage === 0;
}

/** Asks until the server is idle or the time is up; the last answer, and how long it took. */
export async function waitUntilIdle(
  client: StreamingClient,
  limitMs: number,
): Promise<{ load: ServerLoad; afterMs: number }> {
  const start = performance.now();
  for (;;) {
    const load = parseServerLoad(await client.get('/metrics'));
    const afterMs = performance.now() - start;
    if (isIdle(load) || afterMs >= limitMs) return { load, afterMs };
    await delay(50);
  }
}
