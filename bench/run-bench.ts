import { writeFileSync } from 'node:fs';
import { poissonArrivals, runClosedLoop, runOpenLoop } from './load.ts';
import { describeMachine, formatMachine, formatTable, type Level } from './report.ts';
import { summarize } from './statistics.ts';
import {
  type RequestResult,
  StreamingClient,
  type StreamingClientOptions,
  type StreamRequest,
} from './streaming-client.ts';
import { Workload, type WorkloadOptions } from './workload.ts';

export interface BenchOptions extends StreamingClientOptions, WorkloadOptions {
  readonly mode: 'closed' | 'open';
  /** Levels of the closed loop. */
  readonly concurrency: readonly number[];
  /** Arrivals per second of the open loop. */
  readonly rate: number;
  /** Per level; null = four per stream of the closed loop and at least 32, or 100 in the open loop. */
  readonly requests: number | null;
  readonly promptTokens: number;
  readonly maxTokens: number;
  /** Sent before the first level and not counted. */
  readonly warmup: number;
  readonly json?: string;
}

/** Takes requests: a server through its client, or an engine in this process. */
export interface LoadTarget {
  /** Never rejects: a failure is an outcome. @param startedAt when it was due; latencies count from then */
  stream(request: StreamRequest, startedAt: number): Promise<RequestResult>;
}

export interface MeasuredLevel {
  readonly level: Level;
  readonly results: readonly RequestResult[];
}

/**
 * Measures a running server and writes a report.
 *
 * @param packageJson names the program and its dependencies
 * @returns the number of failed requests
 * @throws Error when the server does not answer at all
 */
export async function runBench(
  options: BenchOptions,
  packageJson: URL,
  write: (text: string) => void,
): Promise<number> {
  const client = new StreamingClient(options);
  try {
    const server = (await client.get('/version')).trim();
    return await measureTarget(options, { target: client, name: `${options.url} ${server}`, packageJson, write });
  } finally {
    client.close();
  }
}

/**
 * Measures every level of the load on a target and writes a report.
 *
 * @returns the number of failed requests
 */
export async function measureTarget(
  options: BenchOptions,
  { target, name, packageJson, write }: TargetReport,
): Promise<number> {
  const machine = describeMachine(packageJson);
  const { promptTokens, maxTokens, endpoint, seed } = options;
  write(`${formatMachine(machine)}\nmeasured: ${name}\n`);
  write(`load:     ${endpoint}, ${promptTokens} prompt tokens, ${maxTokens} output tokens, seed ${seed}\n\n`);
  const levels: Level[] = [];
  let errors = 0;
  for await (const { level, results } of measureLevels(options, target)) {
    levels.push(level);
    errors += level.summary.errors;
    write(`${level.name}: ${level.summary.outputTokensPerSecond.toFixed(1)} output tok/s\n${describeErrors(results)}`);
  }
  write(`\n${formatTable(levels)}\n\nLatencies in milliseconds.\n`);
  if (options.json !== undefined) {
    const { apiKey: _secret, ...shown } = options;
    writeFileSync(options.json, `${JSON.stringify({ machine, measured: name, options: shown, levels }, null, 2)}\n`);
  }
  return errors;
}

interface TargetReport {
  readonly target: LoadTarget;
  /** What is measured, as the report shows it. */
  readonly name: string;
  readonly packageJson: URL;
  readonly write: (text: string) => void;
}

/** Warms a target up, then puts one level of load after the other on it. */
export async function* measureLevels(options: BenchOptions, target: LoadTarget): AsyncGenerator<MeasuredLevel> {
  const workload = new Workload(options);
  const send = (_i: number, startedAt: number): Promise<RequestResult> =>
    target.stream(workload.next(options), startedAt);
  await runClosedLoop(send, { concurrency: options.warmup, requests: options.warmup });
  const loads =
    options.mode === 'open'
      ? [
          () =>
            runOpenLoop(
              send,
              poissonArrivals(options.requests ?? 100, options.rate, () => workload.uniform()),
            ),
        ]
      : options.concurrency.map(
          (concurrency) => () =>
            runClosedLoop(send, { concurrency, requests: options.requests ?? Math.max(32, 4 * concurrency) }),
        );
  for (const [i, load] of loads.entries()) {
    const before = process.cpuUsage();
    const results = await load();
    const used = process.cpuUsage(before);
    const name = options.mode === 'open' ? `${options.rate} req/s` : `${options.concurrency[i]} streams`;
    yield {
      level: { name, summary: summarize(results), clientCpuSeconds: (used.user + used.system) / 1e6 },
      results,
    };
  }
}

/** One line for each kind of error, with its number. */
export function describeErrors(results: readonly RequestResult[]): string {
  const counts = new Map<string, number>();
  for (const { error } of results) if (error !== null) counts.set(error, (counts.get(error) ?? 0) + 1);
  return [...counts].map(([error, count]) => `  ${count} x ${error}\n`).join('');
}
