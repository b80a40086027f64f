// Layers of DeepSeek-V2-Lite's and DeepSeek-V2's own widths against transformers on the same GPU: node test/cuda/full-width.ts
// Runs on Node 24 without any development dependency, and python3 with PyTorch and transformers (full_width.py makes the checkpoints, up to
// 8 GiB; with their packs 16 GiB in memory or in $TMPDIR). In float32 the logits are transformers'; in bfloat16 they may be further
// from those in float32 than transformers' own in bfloat16 by a factor only.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { KernelChoice } from '../../src/cuda/ops/gpu-kernels.ts';
import { readModelConfig } from '../../src/deepseek-v2/parse-config.ts';
import { FLOAT32 } from '../../src/deepseek-v2/precision.ts';
import { packCheckpoint } from '../../src/packing/pack-checkpoint.ts';
import type { WorkEntry } from '../../src/runner/step-work.ts';
import { Checks } from './checks.ts';
import { describeSpread, relativeError, spreadOf } from './errors.ts';
import { BLOCK_SIZE, StepSession } from './step-session.ts';

const PRECISIONS = { float32: FLOAT32, bfloat16: { stream: 'bf16', experts: 'f16' } } as const;
type PrecisionName = keyof typeof PRECISIONS;

/** What is run of each model. The Hopper kernels are for 16 bits; the whole of V2 in float32 would take too long. */
const RUNS: Readonly<Record<string, readonly (readonly [PrecisionName, KernelChoice])[]>> = {
  'v2-lite': [
    ['float32', 'portable'],
    ['bfloat16', 'portable'],
    ['bfloat16', 'auto'],
  ],
  'v2-thin': [['float32', 'portable']],
  v2: [
    ['bfloat16', 'portable'],
    ['bfloat16', 'auto'],
  ],
};
const FLOAT32_ERROR = 1e-4;
/** Times transformers' own error in bfloat16: the median of the rows, and the worst one, where a near tie of two experts may go either way. */
const MEDIAN_FACTOR = 1.25;
const WORST_FACTOR = 1.5;
/** The last tokens of each sequence, which are computed one by one. */
const NUM_DECODES = 8;
const ROOM = 40 * 2 ** 30;

interface Reference {
  readonly sequences: readonly (readonly number[])[];
  /** Rows of all positions of all sequences. */
  readonly float32: readonly Float32Array[];
  readonly bfloat16: readonly Float32Array[];
}

function readReference(folder: string): Reference {
  const sequences = JSON.parse(readFileSync(path.join(folder, 'reference.json'), 'utf8')) as number[][];
  const numRows = sequences.reduce((sum, { length }) => sum + length, 0);
  const rows = (file: string): Float32Array[] => {
    const bytes = readFileSync(path.join(folder, file));
    const all = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    const width = all.length / numRows;
    return Array.from({ length: numRows }, (_, row) => all.subarray(row * width, (row + 1) * width));
  };
  return { sequences, float32: rows('float32.bin'), bfloat16: rows('bfloat16.bin') };
}

/** Logits of all positions, in the order of the reference's rows. */
function logitsOf(session: StepSession, sequences: Reference['sequences']): Float32Array[] {
  const blocksEach = blocksOf(sequences);
  const entry = (index: number, start: number, count: number): WorkEntry => ({
    sequence: { tokenAt: (position) => sequences[index]![position]! },
    start,
    count,
    blockTable: Array.from({ length: blocksEach }, (_, i) => i * sequences.length + index),
    samples: true,
    wantsAllRows: count > 1,
  });
  const rows: Float32Array[][] = sequences.map(() => []);
  const chunks = sequences.map(({ length }, index) => entry(index, 0, length - NUM_DECODES));
  let first = 0;
  const prefilled = session.run(chunks);
  chunks.forEach(({ count }, index) => {
    rows[index]!.push(...prefilled.slice(first, first + count));
    first += count;
  });
  for (let step = NUM_DECODES; step > 0; step--) {
    const decoded = session.run(sequences.map(({ length }, index) => entry(index, length - step, 1)));
    decoded.forEach((row, index) => {
      rows[index]!.push(row);
    });
  }
  return rows.flat();
}

function blocksOf(sequences: Reference['sequences']): number {
  return Math.ceil(Math.max(...sequences.map(({ length }) => length)) / BLOCK_SIZE);
}

const checks = new Checks();

async function checkModel(name: string, folder: string): Promise<void> {
  const config = await readModelConfig(folder);
  const { sequences, float32, bfloat16 } = readReference(folder);
  const errorsOf = (rows: readonly Float32Array[]) => spreadOf(rows.map((row, i) => relativeError(row, float32[i]!)));
  const theirs = errorsOf(bfloat16);
  for (const [type, kernels] of RUNS[name]!) {
    const began = performance.now();
    const precision = PRECISIONS[type];
    // Without workers, which start from built files.
    const packed = await packCheckpoint({ folder, config, precision, cacheRoot: path.join(folder, type), workers: 0 });
    const most = sequences.reduce((sum, { length }) => sum + length, 0);
    using session = new StepSession({
      config,
      packed,
      precision,
      kernels,
      numBlocks: sequences.length * blocksOf(sequences),
      limits: { maxTokens: most, maxSequences: 8, maxLogitRows: most, maxBlocksPerSequence: blocksOf(sequences) },
      decodeBuckets: [8],
    });
    const ours = errorsOf(logitsOf(session, sequences));
    const isOk =
      type === 'float32'
        ? ours.worst < FLOAT32_ERROR
        : ours.median <= MEDIAN_FACTOR * theirs.median && ours.worst <= WORST_FACTOR * theirs.worst;
    const own = type === 'float32' ? '' : `; transformers: ${describeSpread(theirs)}`;
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const detail = `relative errors of ${most} rows: ${describeSpread(ours)}${own} (${seconds} s)`;
    checks.report(`${name} in ${type}, ${kernels} kernels`, isOk, detail);
  }
}

/** Memory where there is enough: a disk would take most of the time. */
function workRoot(): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    if (bavail * bsize > ROOM) return '/dev/shm';
  } catch {
    // There is none.
  }
  return tmpdir();
}

const root = mkdtempSync(path.join(workRoot(), 'latent-serve-test-'));
try {
  const script = fileURLToPath(new URL('full_width.py', import.meta.url));
  const python = spawn('python3', [script, root], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => python.once('close', resolve));
  for await (const line of createInterface({ input: python.stdout })) {
    const [ready, name] = line.split(' ');
    if (ready !== 'ready' || name === undefined) continue;
    await checkModel(name, path.join(root, name));
    rmSync(path.join(root, name), { recursive: true });
  }
  const status = await ended;
  checks.report('transformers', status === 0, `full_width.py ended with ${status}`);
} finally {
  rmSync(root, { recursive: true, force: true });
}
checks.finish();
