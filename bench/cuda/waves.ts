// Decode and prefill rates through the engine and through HTTP, as peers' benchmarks state them: a wave of N prompts that begin together is
// run once for one token each and once for all; the difference is decoding. Settings from LATENT_SERVE_… as `serve` takes them.
// node bench/cuda/waves.ts [--prompt-tokens 1024] [--max-tokens 128] [--rounds 3] [--side engine|HTTP] MODEL STREAMS...     (Node 24, after npm run build)
import { parseArgs } from 'node:util';
import { startServerProcess } from '../built-program.ts';
import { startLocalEngine } from '../engine-only.ts';
import { describeMachine, formatMachine } from '../report.ts';
import type { LoadTarget } from '../run-bench.ts';
import { StreamingClient } from '../streaming-client.ts';
import { Workload } from '../workload.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'prompt-tokens': { type: 'string', default: '1024' },
    'max-tokens': { type: 'string', default: '128' },
    rounds: { type: 'string', default: '3' },
    side: { type: 'string' },
  },
});
const [model, ...streams] = positionals;
if (model === undefined) throw new Error('usage: waves.ts MODEL STREAMS...');
const levels = streams.length > 0 ? streams.map(Number) : [1, 8, 64, 256];
const promptTokens = Number(values['prompt-tokens']);
const maxTokens = Number(values['max-tokens']);
const rounds = Number(values.rounds);
const print = (text: string): boolean => process.stdout.write(`${text}\n`);
const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;

/** Seconds until all of `count` requests that begin together are answered. @throws Error when one fails */
async function wave(target: LoadTarget, workload: Workload, count: number, tokens: number): Promise<number> {
  const requests = Array.from({ length: count }, () => workload.next({ promptTokens, maxTokens: tokens }));
  const begin = performance.now();
  const results = await Promise.all(requests.map((request) => target.stream(request, begin)));
  const seconds = (performance.now() - begin) / 1000;
  const failed = results.find(({ outcome }) => outcome !== 'ok');
  if (failed) throw new Error(`a request failed: ${failed.error}`);
  return seconds;
}

async function measure(side: string, target: LoadTarget, vocabSize: number): Promise<void> {
  const workload = new Workload({ endpoint: 'completions', model: 'default', vocabSize, seed: Date.now() % 2 ** 32 });
  for (const count of levels) {
    await wave(target, workload, count, 8);
    const prefills: number[] = [];
    const wholes: number[] = [];
    for (let round = 0; round < rounds; round++) {
      prefills.push(await wave(target, workload, count, 1));
      wholes.push(await wave(target, workload, count, maxTokens));
    }
    const [prefill, whole] = [median(prefills), median(wholes)];
    const decode = (whole - prefill) / (maxTokens - 1);
    const rates = [
      `decode ${(count / decode).toFixed(0)} tokens/s (${(1000 * decode).toFixed(2)} ms a step)`,
      `prefill ${((count * promptTokens) / prefill).toFixed(0)} tokens/s`,
      `whole ${((count * maxTokens) / whole).toFixed(0)} output tokens/s`,
    ];
    print(`${side}, ${count} streams: ${rates.join(', ')}`);
  }
}

const packageJson = new URL('../../package.json', import.meta.url);
print(formatMachine(describeMachine(packageJson)));
print(`${promptTokens} prompt tokens, ${maxTokens} output tokens, greedy, ${rounds} rounds (medians)`);
const engine = await startLocalEngine(model);
try {
  if (values.side !== 'HTTP') await measure('engine', engine.target, engine.vocabSize);
} finally {
  await engine.stop();
}
if (values.side !== 'engine') {
  const server = await startServerProcess([model, '--max-num-batched-tokens', String(engine.maxNumBatchedTokens)]);
  const client = new StreamingClient({ url: server.url });
  try {
    await measure('HTTP', client, engine.vocabSize);
  } finally {
    client.close();
    await server.stop();
  }
}
