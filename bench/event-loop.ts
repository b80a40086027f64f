import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { startServerProcess } from './built-program.ts';
import { nonNegativeInteger, positiveInteger } from './option-parsers.ts';
import { describeMachine, formatMachine, formatRows } from './report.ts';
import { type EventLoopOptions, type LoopWindow, runEventLoop } from './run-event-loop.ts';
import { percentiles } from './statistics.ts';

type CommandLine = Omit<EventLoopOptions, 'url' | 'seed' | 'endpoint'> & {
  readonly url?: string;
  readonly seed?: number;
  readonly checkpoint?: string;
  readonly json?: string;
};

const command = new Command('event-loop')
  .description("Delay of the server's event loop and gaps in running streams while long prompts are computed.")
  .option('--url <url>', 'a running server that nobody else scrapes (default: starts one)')
  .option('--checkpoint <folder>', 'model of the server that it starts (default: the shipped model)')
  .option('--api-key <key>', 'key of the server, if it wants one')
  .option('--model <name>', 'model to ask for', 'default')
  .option('--streams <n>', 'streams that run all the time', positiveInteger, 32)
  .option('--prompt-tokens <n>', 'length of the long prompt', positiveInteger, 900)
  .option('--repeats <n>', 'long prompts, one after the other', positiveInteger, 5)
  .option('--vocab-size <n>', 'token ids of prompts are drawn below this', positiveInteger, 4000)
  .option('--seed <n>', 'seed of the prompts (default: random)', nonNegativeInteger)
  .option('--json <file>', 'also write all figures here')
  .parse();

const COLUMNS = ['window', 'seconds', 'loop p50', 'loop p99', 'loop max', 'longest gap', 'TTFT'];
const options = command.opts<CommandLine>();
const machine = describeMachine(new URL('../../package.json', import.meta.url));
const seed = options.seed ?? randomInt(2 ** 32);
try {
  const windows = await measure();
  const prompted = windows.filter((window) => !Number.isNaN(window.timeToFirstToken));
  const medians = (field: 'delayP99' | 'longestGap' | 'timeToFirstToken'): string => {
    const { p50, max } = percentiles(prompted.map((window) => window[field]));
    return `${p50.toFixed(1)} ms (worst ${max.toFixed(1)})`;
  };
  process.stdout.write(`${formatMachine(machine)}
load:     ${options.streams} streams, ${options.repeats} prompts of ${options.promptTokens} tokens, seed ${seed}

${formatRows(COLUMNS, windows.map(toRow))}

Milliseconds; loop = delay of the server's event loop, 10 ms of it the timer that measures.
With a long prompt, medians: loop p99 ${medians('delayP99')}, longest gap ${medians('longestGap')}, TTFT ${medians('timeToFirstToken')}
`);
  if (options.json !== undefined) {
    const { apiKey: _secret, ...shown } = options;
    writeFileSync(options.json, `${JSON.stringify({ machine, options: { ...shown, seed }, windows }, null, 2)}\n`);
  }
} catch (error) {
  command.error(error instanceof Error ? error.message : String(error));
}

async function measure(): Promise<LoopWindow[]> {
  const { url, checkpoint } = options;
  if (url !== undefined) return await runEventLoop({ ...options, url, seed, endpoint: 'completions' });
  const server = await startServerProcess(checkpoint === undefined ? [] : [checkpoint]);
  try {
    return await runEventLoop({ ...options, url: server.url, seed, endpoint: 'completions' });
  } finally {
    await server.stop();
  }
}

function toRow(window: LoopWindow): string[] {
  const { name, seconds, delayP50, delayP99, delayMax, longestGap, timeToFirstToken } = window;
  const latencies = [delayP50, delayP99, delayMax, longestGap, timeToFirstToken];
  return [name, seconds.toFixed(2), ...latencies.map((value) => (Number.isNaN(value) ? '-' : value.toFixed(1)))];
}
