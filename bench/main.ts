import { randomInt } from 'node:crypto';
import { Command, Option } from 'commander';
import { runCompare } from './compare.ts';
import { startLocalEngine } from './engine-only.ts';
import { nonNegativeInteger, positiveInteger, positiveIntegers, positiveNumber } from './option-parsers.ts';
import { type BenchOptions, measureTarget, runBench } from './run-bench.ts';

type CommandLine = Omit<BenchOptions, 'requests' | 'seed'> & {
  readonly requests?: number;
  readonly seed?: number;
  readonly engineOnly?: true;
  readonly compare?: true;
  readonly checkpoint?: string;
  readonly rounds: number;
};

const command = new Command('bench')
  .description('Measure a running server: throughput, time to first token, inter-token and end-to-end latency.')
  .option('--url <url>', 'address of the server', 'http://127.0.0.1:8000')
  .option('--api-key <key>', 'key of the server, if it wants one')
  .option('--model <name>', 'model to ask for', 'default')
  .addOption(new Option('--endpoint <name>', 'what to call').choices(['chat', 'completions']).default('completions'))
  .addOption(
    new Option('--mode <mode>', 'closed: fixed concurrency; open: Poisson arrivals')
      .choices(['closed', 'open'])
      .default('closed'),
  )
  .option('--concurrency <list>', 'levels of the closed loop', positiveIntegers, [1, 8, 64])
  .option('--rate <n>', 'arrivals per second of the open loop', positiveNumber, 1)
  .option('--requests <n>', 'requests per level (default: enough for the load)', positiveInteger)
  .option('--prompt-tokens <n>', 'length of each prompt', positiveInteger, 128)
  .option('--max-tokens <n>', 'length of each output', positiveInteger, 64)
  .option('--vocab-size <n>', 'token ids of prompts are drawn below this', positiveInteger, 4000)
  .option('--warmup <n>', 'requests before the first level, not counted', nonNegativeInteger, 2)
  .option(
    '--seed <n>',
    'seed of prompts and arrivals (default: random, so that no prompt is cached)',
    nonNegativeInteger,
  )
  .option('--json <file>', 'also write all figures here')
  .option('--engine-only', 'measure an engine in this process, without HTTP; settings from LATENT_SERVE_…')
  .option('--compare', 'measure such an engine and a server of its own in turn, and the ratio')
  .option('--checkpoint <folder>', 'model of --engine-only and --compare (default: the shipped model)')
  .option('--rounds <n>', 'how often --compare measures both', positiveInteger, 3)
  .parse();

const options = command.opts<CommandLine>();
const packageJson = new URL('../../package.json', import.meta.url);
const write = (text: string): void => void process.stdout.write(text);
try {
  const resolved = { ...options, requests: options.requests ?? null, seed: options.seed ?? randomInt(2 ** 32) };
  process.exitCode = (await measure(resolved)) > 0 ? 1 : 0;
} catch (error) {
  const place = options.engineOnly || options.compare ? '' : `${options.url}: `;
  command.error(`${place}${error instanceof Error ? error.message : String(error)}`);
}

/** @returns the number of failed requests */
async function measure(bench: BenchOptions): Promise<number> {
  const { engineOnly, compare, checkpoint = null, rounds } = options;
  if (compare) return await runCompare({ ...bench, checkpoint, rounds }, packageJson, write);
  if (!engineOnly) return await runBench(bench, packageJson, write);
  const engine = await startLocalEngine(checkpoint);
  try {
    const { target, name } = engine;
    const vocabSize = Math.min(bench.vocabSize, engine.vocabSize);
    return await measureTarget({ ...bench, vocabSize }, { target, name, packageJson, write });
  } finally {
    await engine.stop();
  }
}
