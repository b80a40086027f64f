// What packing costs beside a plain copy: a bf16 checkpoint of DeepSeek-V2-Lite's widths is written, then copied to disk and packed in turn.
// npm run build && node bench/cuda/packing.ts [--layers 3] [--rounds 3] [--precision bf16|int8|float32] [--workers 8]
// (Node 24; needs no GPU; 3 layers are 3.3 GB twice; --workers 0 packs in one thread)
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parseDeepseekV2Config } from '../../src/deepseek-v2/parse-config.ts';
import { FLOAT32, type Precision } from '../../src/deepseek-v2/precision.ts';
import { packCheckpoint } from '../../src/packing/pack-checkpoint.ts';
import { packWorkers } from '../../src/packing/worker-count.ts';
import { V2_LITE } from '../../test/deepseek-v2/published-configs.ts';
import { describeMachine, formatMachine } from '../report.ts';
import { writeRandomCheckpoint } from './random-checkpoint.ts';

const PRECISIONS: Readonly<Record<string, Precision>> = {
  bf16: { stream: 'bf16', experts: 'f16' },
  int8: { stream: 'bf16', experts: 'u8' },
  float32: FLOAT32,
};

const { values } = parseArgs({
  options: {
    layers: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    precision: { type: 'string', default: 'bf16' },
    workers: { type: 'string', default: String(packWorkers(Number.POSITIVE_INFINITY)) },
  },
});
const precision = PRECISIONS[values.precision];
if (!precision) throw new Error(`--precision: ${values.precision} is not one of ${Object.keys(PRECISIONS).join(', ')}`);
const config = parseDeepseekV2Config({ ...V2_LITE, num_hidden_layers: Number(values.layers) }, '--layers');
const print = (text: string): boolean => process.stdout.write(`${text}\n`);

async function seconds(work: () => unknown): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) / 1000;
}

const folder = mkdtempSync(path.join(tmpdir(), 'latent-serve-packing-'));
try {
  print(formatMachine(describeMachine(new URL('../../package.json', import.meta.url))));
  writeFileSync(
    path.join(folder, 'config.json'),
    JSON.stringify({ ...V2_LITE, num_hidden_layers: Number(values.layers) }),
  );
  const checkpoint = path.join(folder, 'model.safetensors');
  const read = (await writeRandomCheckpoint(config, checkpoint)) / 1e9;
  const [copy, cacheRoot] = [path.join(folder, 'copy'), path.join(folder, 'cache')];
  for (let round = 1; round <= Number(values.rounds); round++) {
    const copied = await seconds(() => {
      execFileSync('cp', ['--reflink=never', checkpoint, copy]);
      execFileSync('sync', [copy]);
    });
    rmSync(copy);
    let written = 0;
    const packed = await seconds(() =>
      packCheckpoint({
        folder,
        config,
        precision,
        cacheRoot,
        workers: Number(values.workers),
        onProgress: ({ bytesTotal }) => (written = bytesTotal / 1e9),
      }),
    );
    rmSync(cacheRoot, { recursive: true });
    print(
      `round ${round}: ${read.toFixed(2)} GB copied in ${copied.toFixed(1)} s; packed into ${written.toFixed(2)} GB of ${values.precision} in ` +
        `${packed.toFixed(1)} s, at ${(written / packed / (read / copied)).toFixed(2)} of the copy's speed`,
    );
  }
  print(`${values.workers} workers, peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
