import { writeFileSync } from 'node:fs';
import { startServerProcess } from './built-program.ts';
import { startLocalEngine } from './engine-only.ts';
import { describeMachine, formatMachine, formatTable, type Level } from './report.ts';
import { type BenchOptions, describeErrors, type LoadTarget, measureLevels } from './run-bench.ts';
import { percentiles } from './statistics.ts';
import { StreamingClient } from './streaming-client.ts';

export interface CompareOptions extends BenchOptions {
  /** Folder; null = the shipped model. */
  readonly checkpoint: string | null;
  /** Each measures the engine, then the server. */
  readonly rounds: number;
}

type Side = 'engine' | 'HTTP';

interface Run extends Level {
  readonly side: Side;
  readonly concurrency: number;
}

/**
 * What HTTP costs: the engine in this process and a server in a process of its own, both on this machine with the same
 * settings, prompts and step budget, measured in turn so that a machine whose speed drifts treats both alike. The
 * client of the server takes its share of the machine, too.
 *
 * @returns the number of failed requests
 * @throws Error when the server does not start; CheckpointError, ConfigError
 */
export async function runCompare(
  options: CompareOptions,
  packageJson: URL,
  write: (text: string) => void,
): Promise<number> {
  const machine = describeMachine(packageJson);
  const engine = await startLocalEngine(options.checkpoint);
  const budget = ['--max-num-batched-tokens', String(engine.maxNumBatchedTokens)];
  const server = await startServerProcess([engine.folder, ...budget]).catch(async (error: unknown) => {
    await engine.stop();
    throw error;
  });
  const client = new StreamingClient({ url: server.url });
  try {
    write(`${formatMachine(machine)}\nmeasured: ${engine.name}; the same behind HTTP\n`);
    const { promptTokens, maxTokens, seed, rounds } = options;
    write(`load:     ${promptTokens} prompt tokens, ${maxTokens} output tokens, ${rounds} rounds, seed ${seed}\n\n`);
    const vocabSize = Math.min(options.vocabSize, engine.vocabSize);
    const runs = await measureRounds({ ...options, vocabSize }, { engine: engine.target, HTTP: client }, write);
    write(
      `\n${formatTable(runs)}\n\nLatencies in milliseconds.\n\n${options.concurrency.map(ratioLine(runs)).join('\n')}\n`,
    );
    if (options.json !== undefined) {
      const { apiKey: _secret, url: _other, ...shown } = options;
      writeFileSync(options.json, `${JSON.stringify({ machine, options: shown, runs }, null, 2)}\n`);
    }
    return runs.reduce((sum, { summary }) => sum + summary.errors, 0);
  } finally {
    client.close();
    await Promise.all([server.stop(), engine.stop()]);
  }
}

async function measureRounds(
  options: CompareOptions,
  targets: Readonly<Record<Side, LoadTarget>>,
  write: (text: string) => void,
): Promise<Run[]> {
  const runs: Run[] = [];
  for (const concurrency of options.concurrency) {
    for (let round = 0; round < options.rounds; round++) {
      // New prompts each round, or the prefix cache would answer them; the same ones for both.
      const seed = options.seed + runs.length;
      // Enough to warm up both the code and the largest batch.
      const warmup = Math.max(options.warmup, concurrency);
      for (const side of ['engine', 'HTTP'] as const) {
        const load: BenchOptions = { ...options, mode: 'closed', concurrency: [concurrency], seed, warmup };
        for await (const { level, results } of measureLevels(load, targets[side])) {
          const name = `${level.name}, ${side} ${round + 1}`;
          runs.push({ ...level, name, side, concurrency });
          write(`${name}: ${level.summary.outputTokensPerSecond.toFixed(1)} output tok/s\n${describeErrors(results)}`);
        }
      }
    }
  }
  return runs;
}

function ratioLine(runs: readonly Run[]): (concurrency: number) => string {
  return (concurrency) => {
    const rates = (side: Side): number[] =>
      runs
        .filter((run) => run.side === side && run.concurrency === concurrency)
        .map(({ summary }) => summary.outputTokensPerSecond);
    const [engine, http] = [rates('engine'), rates('HTTP')];
    const [engineMedian, httpMedian] = [percentiles(engine).p50, percentiles(http).p50];
    // Both halves of a round saw the machine in about the same state.
    const byRound = engine.map((rate, i) => (http[i]! / rate).toFixed(3));
    return [
      `${concurrency} streams: engine ${engineMedian.toFixed(1)}, HTTP ${httpMedian.toFixed(1)} output tok/s (medians)`,
      `HTTP/engine ${(httpMedian / engineMedian).toFixed(3)}, by round ${byRound.join(' ')}`,
    ].join(', ');
  };
}
