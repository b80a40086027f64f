// How long a checkpoint of full size takes to be served: one of DeepSeek-V2-Lite's shape with random weights is written, then a server packs and
// loads it, and a second one loads it from the page cache. Settings from LATENT_SERVE_… as `serve` takes them.
// npm run build && node bench/cuda/start-up.ts [--layers 27] [--folder DIR]     (Node 24; 27 layers are 31 GB twice)
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parseDeepseekV2Config } from '../../src/deepseek-v2/parse-config.ts';
import { defaultCacheRoot } from '../../src/packing/cache-root.ts';
import { V2_LITE } from '../../test/deepseek-v2/published-configs.ts';
import { startServerProcess } from '../built-program.ts';
import { describeMachine, formatMachine } from '../report.ts';
import { writeRandomCheckpoint } from './random-checkpoint.ts';

const PROMPT = Array.from({ length: 64 }, (_, i) => 100 + 37 * i);

const { values } = parseArgs({
  options: { layers: { type: 'string', default: '27' }, folder: { type: 'string', default: tmpdir() } },
});
const json = { ...V2_LITE, num_hidden_layers: Number(values.layers) };
const print = (text: string): boolean => process.stdout.write(`${text}\n`);
const secondsSince = (begin: number): string => ((performance.now() - begin) / 1000).toFixed(1);

/** Starts a server, asks it for one answer, and ends it. @returns the answer's token ids */
async function serveOnce(model: string, cacheRoot: string, what: string): Promise<readonly number[]> {
  const begin = performance.now();
  const server = await startServerProcess([model, '--cache-dir', cacheRoot, '--max-model-len', '4k']);
  try {
    const ready = secondsSince(begin);
    const response = await fetch(`${server.url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        prompt: PROMPT,
        max_tokens: 16,
        temperature: 0,
        ignore_eos: true,
        return_token_ids: true,
      }),
    });
    if (!response.ok) throw new Error(`the server answered ${response.status}: ${await response.text()}`);
    const { choices } = (await response.json()) as { choices: { token_ids: number[] }[] };
    print(`${what}: ready after ${ready} s; memory ${memoryOf(server.pid)}`);
    return choices[0]!.token_ids;
  } finally {
    await server.stop();
  }
}

/** What a process holds of its own, and the most that it ever held with the pages of files that it has mapped. */
function memoryOf(pid: number): string {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const gigabytes = (field: string): string =>
    (Number(status.match(new RegExp(`${field}:\\s+(\\d+)`))?.[1]) / 2 ** 20).toFixed(1);
  return `${gigabytes('RssAnon')} GiB of its own, ${gigabytes('VmHWM')} GiB at most with mapped files`;
}

const folder = mkdtempSync(path.join(values.folder, 'latent-serve-start-'));
try {
  print(formatMachine(describeMachine(new URL('../../package.json', import.meta.url))));
  const model = path.join(folder, 'model');
  execFileSync(process.execPath, [fileURLToPath(new URL('make-model.ts', import.meta.url)), model]);
  writeFileSync(path.join(model, 'config.json'), JSON.stringify(json));
  const begin = performance.now();
  const bytes = await writeRandomCheckpoint(
    parseDeepseekV2Config(json, '--layers'),
    path.join(model, 'model.safetensors'),
  );
  print(`${(bytes / 1e9).toFixed(1)} GB written in ${secondsSince(begin)} s`);
  const cacheRoot = path.join(folder, 'cache');
  mkdirSync(cacheRoot);
  // What install-cuda has brought, under $CACHE or in the usual place.
  const installed = path.join(process.env['CACHE'] ?? defaultCacheRoot(), 'cuda');
  if (existsSync(installed)) symlinkSync(installed, path.join(cacheRoot, 'cuda'));
  const first = await serveOnce(model, cacheRoot, 'packed and loaded');
  const second = await serveOnce(model, cacheRoot, 'loaded from the page cache');
  print(
    `answers: ${JSON.stringify(first)}${JSON.stringify(first) === JSON.stringify(second) ? '' : `, then ${JSON.stringify(second)}`}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
