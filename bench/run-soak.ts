import { setTimeout as delay } from 'node:timers/promises';
import { runClosedLoop } from './load.ts';
import { MemoryWatch, openFileDescriptors } from './process-watch.ts';
import { type ServerLoad, waitUntilIdle } from './server-load.ts';
import { type RequestResult, StreamingClient, type StreamingClientOptions } from './streaming-client.ts';
import { Workload, type WorkloadOptions } from './workload.ts';

export interface SoakOptions extends StreamingClientOptions, WorkloadOptions {
  /** Process of the server, on this machine. */
  readonly pid: number;
  readonly requests: number;
  readonly concurrency: number;
  /** Share of the requests whose connection is destroyed in the middle of the stream. */
  readonly abortShare: number;
  /** Prompts have 1 to this many tokens. */
  readonly maxPromptTokens: number;
  /** Outputs have 2 to this many tokens. */
  readonly maxOutputTokens: number;
  /** Resident memory is compared with its level after this many requests. */
  readonly baselineRequests: number;
}

export interface SoakResult {
  readonly requests: number;
  readonly aborted: number;
  /** What went wrong, with its number. */
  readonly errors: Readonly<Record<string, number>>;
  readonly durationSeconds: number;
  /** Bytes. */
  readonly rssBaseline: number;
  readonly rssEnd: number;
  /** Bytes, one a second. */
  readonly rssSamples: readonly number[];
  readonly fdsBefore: number;
  readonly fdsAfter: number;
  readonly loadAfter: ServerLoad;
  readonly idleAfterMs: number;
}

/** Memory may grow by this share after the baseline. */
const RSS_GROWTH = 0.1;
/** The server must be idle this long after the last request. */
const IDLE_LIMIT_MS = 3000;

/** Loads a running server with requests of mixed lengths, some of them abandoned, and watches its process. */
export async function runSoak(options: SoakOptions, write: (text: string) => void): Promise<SoakResult> {
  const workload = new Workload(options);
  await warmUp(options, workload);
  const fdsBefore = openFileDescriptors(options.pid);
  const client = new StreamingClient(options);
  const memory = new MemoryWatch(options.pid);
  try {
    let ended = 0;
    let rssBaseline = 0;
    const baselineAt = Math.min(options.baselineRequests, options.requests);
    const progressEvery = Math.ceil(options.requests / 10);
    const send = async (_i: number, startedAt: number): Promise<RequestResult> => {
      const result = await client.stream(nextRequest(options, workload), startedAt);
      ended++;
      if (ended === baselineAt) rssBaseline = memory.level();
      if (ended % progressEvery === 0) write(`${ended} requests, ${megabytes(memory.level())} MB resident\n`);
      return result;
    };
    const start = performance.now();
    const results = await runClosedLoop(send, options);
    const durationSeconds = (performance.now() - start) / 1000;
    const { load, afterMs } = await waitUntilIdle(client, IDLE_LIMIT_MS);
    const rssEnd = memory.level();
    client.close();
    return {
      requests: results.length,
      aborted: results.filter((result) => result.outcome === 'aborted').length,
      errors: countErrors(results),
      durationSeconds,
      rssBaseline,
      rssEnd,
      rssSamples: memory.samples,
      fdsBefore,
      fdsAfter: await settledFileDescriptors(options.pid, fdsBefore),
      loadAfter: load,
      idleAfterMs: afterMs,
    };
  } finally {
    client.close();
    memory.stop();
  }
}

/** The bounds that a soak broke, each as one sentence; none means that it passed. */
export function brokenBounds(result: SoakResult): string[] {
  const broken = Object.entries(result.errors).map(([error, count]) => `${count} requests failed: ${error}`);
  const growth = result.rssEnd / result.rssBaseline - 1;
  if (growth > RSS_GROWTH) broken.push(`resident memory grew by ${(growth * 100).toFixed(1)} %`);
  const { running, waiting, kvUsage } = result.loadAfter;
  if (running !== 0) broken.push(`${running} sequences still running`);
  if (waiting !== 0) broken.push(`${waiting} sequences still waiting`);
  if (kvUsage !== 0) broken.push(`${(kvUsage * 100).toFixed(2)} % of the cache still in use`);
  if (result.fdsAfter > result.fdsBefore) {
    broken.push(`${result.fdsAfter} file descriptors open, ${result.fdsBefore} before`);
  }
  return broken;
}

/** Opens what a server opens at its first requests only, then leaves it without a connection. */
async function warmUp(options: SoakOptions, workload: Workload): Promise<void> {
  const client = new StreamingClient(options);
  try {
    const send = (_i: number, startedAt: number): Promise<RequestResult> =>
      client.stream(workload.next({ promptTokens: 4, maxTokens: 2 }), startedAt);
    const results = await runClosedLoop(send, { concurrency: 4, requests: 8 });
    const failed = results.find((result) => result.error !== null);
    if (failed) throw new Error(`the server does not answer: ${failed.error}`);
    await waitUntilIdle(client, IDLE_LIMIT_MS);
  } finally {
    client.close();
  }
  await delay(200);
}

function nextRequest(options: SoakOptions, workload: Workload) {
  const promptTokens = workload.integer(1, options.maxPromptTokens);
  const maxTokens = workload.integer(2, options.maxOutputTokens);
  const aborts = workload.uniform() < options.abortShare;
  return workload.next({
    promptTokens,
    maxTokens,
    ...(aborts ? { abortAfter: workload.integer(1, maxTokens - 1) } : {}),
  });
}

/** Waits up to three seconds for the server to notice that the connections are gone. */
async function settledFileDescriptors(pid: number, before: number): Promise<number> {
  for (let i = 0; i < 30 && openFileDescriptors(pid) > before; i++) await delay(100);
  return openFileDescriptors(pid);
}

function countErrors(results: readonly RequestResult[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { error } of results) if (error !== null) counts[error] = (counts[error] ?? 0) + 1;
  return counts;
}

export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
