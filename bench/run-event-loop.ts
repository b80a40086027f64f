import { setTimeout as delay } from 'node:timers/promises';
import { parseServerLoad } from './server-load.ts';
import { type RequestResult, StreamingClient, type StreamingClientOptions } from './streaming-client.ts';
import { Workload, type WorkloadOptions } from './workload.ts';

export interface EventLoopOptions extends StreamingClientOptions, WorkloadOptions {
  /** Running all the time. */
  readonly streams: number;
  /** Length of the long prompt. */
  readonly promptTokens: number;
  /** Long prompts, one after the other. */
  readonly repeats: number;
}

/** What one window of time showed. */
export interface LoopWindow {
  readonly name: string;
  readonly seconds: number;
  /** Of the server's event loop, in milliseconds; an idle loop shows the 10 ms of the timer that measures it. */
  readonly delayP50: number;
  readonly delayP99: number;
  readonly delayMax: number;
  /** Longest time between two tokens of a running stream, in milliseconds. */
  readonly longestGap: number;
  /** Of the long prompt, in milliseconds; NaN in a window without one. */
  readonly timeToFirstToken: number;
}

type OpenWindow = Omit<LoopWindow, 'longestGap'> & { readonly begin: number; readonly end: number };

const SHORT_PROMPT_TOKENS = 16;
const STREAM_TOKENS = 512;
const QUIET_MS = 2000;
const STEADY_LIMIT_MS = 60_000;

/**
 * Keeps streams running on a server and sends it one long prompt after the other; each has a window before it in which
 * the streams are alone. Scraping /metrics ends a window, because prom-client's histogram starts anew at each scrape:
 * nobody else may scrape meanwhile.
 *
 * @returns two windows per long prompt
 * @throws Error when a request fails or the streams do not get going
 */
export async function runEventLoop(options: EventLoopOptions): Promise<LoopWindow[]> {
  const client = new StreamingClient(options);
  try {
    const context = await contextLength(client);
    if (options.promptTokens >= context) throw new Error(`a prompt of ${options.promptTokens} exceeds ${context}`);
    const streams = new BackgroundStreams(client, options, Math.min(STREAM_TOKENS, context - SHORT_PROMPT_TOKENS));
    let windows: OpenWindow[];
    try {
      windows = await watch(client, options);
    } finally {
      await streams.stop();
    }
    streams.throwFailure();
    return windows.map(({ begin, end, ...window }) => ({
      ...window,
      longestGap: longestGap(streams.results, begin, end),
    }));
  } finally {
    client.close();
  }
}

async function watch(client: StreamingClient, options: EventLoopOptions): Promise<OpenWindow[]> {
  const workload = new Workload({ ...options, seed: options.seed + 1 });
  const windows: OpenWindow[] = [];
  for (let i = 1; i <= options.repeats; i++) {
    await waitForStreams(client, options.streams);
    const quiet = performance.now();
    await delay(QUIET_MS);
    windows.push(await closeWindow(client, `streams only ${i}`, quiet, Number.NaN));
    const { promptTokens } = options;
    const begin = performance.now();
    const result = await client.stream(workload.next({ promptTokens, maxTokens: 1 }), begin);
    if (result.error !== null) throw new Error(`the long prompt: ${result.error}`);
    const timeToFirstToken = result.tokenTimes[0]! - begin;
    windows.push(await closeWindow(client, `with prompt ${i}`, begin, timeToFirstToken));
  }
  return windows;
}

/** The server's figures since the last scrape, which was at `begin`. */
async function closeWindow(
  client: StreamingClient,
  name: string,
  begin: number,
  timeToFirstToken: number,
): Promise<OpenWindow> {
  const end = performance.now();
  const text = await client.get('/metrics');
  const [delayP50, delayP99, delayMax] = parseLoopDelays(text);
  return { name, begin, end, seconds: (end - begin) / 1000, delayP50, delayP99, delayMax, timeToFirstToken };
}

/** p50, p99 and maximum of the event loop's delay since the last scrape, in milliseconds. @throws Error when one is missing */
export function parseLoopDelays(metrics: string): [p50: number, p99: number, max: number] {
  const gauge = (name: string): number => {
    const match = new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)$`, 'm').exec(metrics);
    if (!match) throw new Error(`/metrics has no nodejs_eventloop_lag_${name}_seconds`);
    return Number(match[1]) * 1000;
  };
  return [gauge('p50'), gauge('p99'), gauge('max')];
}

async function waitForStreams(client: StreamingClient, streams: number): Promise<void> {
  const deadline = performance.now() + STEADY_LIMIT_MS;
  while (parseServerLoad(await client.get('/metrics')).running < streams) {
    if (performance.now() > deadline) throw new Error(`${streams} streams do not run at once on this server`);
    await delay(100);
  }
}

async function contextLength(client: StreamingClient): Promise<number> {
  const { data } = JSON.parse(await client.get('/v1/models')) as { data: { max_model_len: number }[] };
  return data[0]!.max_model_len;
}

/** A fixed number of streams, each followed by the next one as soon as it has ended. */
class BackgroundStreams {
  readonly results: RequestResult[] = [];
  readonly #users: Promise<void>[];
  #isStopping = false;

  constructor(client: StreamingClient, options: EventLoopOptions, maxTokens: number) {
    const workload = new Workload(options);
    const user = async (): Promise<void> => {
      while (!this.#isStopping) {
        const result = await client.stream(workload.next({ promptTokens: SHORT_PROMPT_TOKENS, maxTokens }));
        this.results.push(result);
        if (result.error !== null) return;
      }
    };
    this.#users = Array.from({ length: options.streams }, user);
  }

  /** Starts no more streams and waits for the ends of those that run. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#users);
  }

  throwFailure(): void {
    const failed = this.results.find((result) => result.error !== null);
    if (failed) throw new Error(`a stream: ${failed.error}`);
  }
}

/** Longest gap between two tokens of a stream, in milliseconds, that lies at least partly between two times. */
export function longestGap(results: readonly Pick<RequestResult, 'tokenTimes'>[], begin: number, end: number): number {
  let longest = 0;
  for (const { tokenTimes } of results) {
    for (let i = 1; i < tokenTimes.length; i++) {
      const [before, after] = [tokenTimes[i - 1]!, tokenTimes[i]!];
      if (after > begin && before < end) longest = Math.max(longest, after - before);
    }
  }
  return longest;
}
