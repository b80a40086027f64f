import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { nonNegativeInteger, positiveInteger, share } from './option-parsers.ts';
import { brokenBounds, megabytes, runSoak, type SoakOptions } from './run-soak.ts';

type CommandLine = Omit<SoakOptions, 'seed' | 'endpoint'> & { readonly seed?: number; readonly json?: string };

const command = new Command('soak')
  .description(
    'Load a running server for long, abandon some requests, and check that it gives everything back (Linux).',
  )
  .requiredOption('--pid <pid>', 'process of the server', positiveInteger)
  .option('--url <url>', 'address of the server', 'http://127.0.0.1:8000')
  .option('--api-key <key>', 'key of the server, if it wants one')
  .option('--model <name>', 'model to ask for', 'default')
  .option('--requests <n>', 'requests in all', positiveInteger, 20_000)
  .option('--concurrency <n>', 'streams at once', positiveInteger, 64)
  .option('--abort-share <x>', 'share of the requests abandoned in the middle', share, 0.1)
  .option('--max-prompt-tokens <n>', 'prompts have 1 to this many tokens', positiveInteger, 128)
  .option('--max-output-tokens <n>', 'outputs have 2 to this many tokens', positiveInteger, 32)
  .option('--baseline-requests <n>', 'compare memory with its level after this many', positiveInteger, 2000)
  .option('--vocab-size <n>', 'token ids of prompts are drawn below this', positiveInteger, 4000)
  .option('--seed <n>', 'seed of the workload (default: random)', nonNegativeInteger)
  .option('--json <file>', 'also write all figures here')
  .parse();

const options = command.opts<CommandLine>();
const write = (text: string): void => void process.stdout.write(text);
try {
  const seed = options.seed ?? randomInt(2 ** 32);
  const result = await runSoak({ ...options, endpoint: 'completions', seed }, write);
  const broken = brokenBounds(result);
  const { running, waiting, kvUsage } = result.loadAfter;
  write(`
requests:         ${result.requests} in ${result.durationSeconds.toFixed(1)} s, ${result.aborted} abandoned, seed ${seed}
resident memory:  ${megabytes(result.rssBaseline)} MB after ${options.baselineRequests} requests, ${megabytes(result.rssEnd)} MB at the end
file descriptors: ${result.fdsBefore} before, ${result.fdsAfter} after
at the end:       ${running} running, ${waiting} waiting, KV usage ${kvUsage}, idle after ${result.idleAfterMs.toFixed(0)} ms
${broken.length === 0 ? 'passed' : `FAILED\n${broken.map((reason) => `  ${reason}`).join('\n')}`}
`);
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify({ ...result, seed, broken }, null, 2)}\n`);
  process.exitCode = broken.length === 0 ? 0 : 1;
} catch (error) {
  command.error(`${options.url}: ${error instanceof Error ? error.message : String(error)}`);
}
