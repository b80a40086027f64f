// Steps that are replayed over and over give the same bits each time, also while other processes share the GPU: node test/cuda/repeatability.ts
// (Node 24, no development dependency). Kernels are launched while the ones ahead still run; what one of them reads too early is most often right, from the
// step before, unless steps of different lengths take turns. They do here.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { KvCacheDtype } from '../../src/deepseek-v2/latent-row.ts';
import type { Precision } from '../../src/deepseek-v2/precision.ts';
import { makeDummyWeights } from '../../src/packing/dummy-weights.ts';
import type { WorkEntry } from '../../src/runner/step-work.ts';
import { Checks } from './checks.ts';
import { BFLOAT16, smallV2Lite } from './small-v2-lite.ts';
import { BLOCK_SIZE, StepSession } from './step-session.ts';

const BATCHES = [1, 8, 16, 32, 64, 128];
const MOST = BATCHES.at(-1)!;
const BLOCKS_EACH = 12;
const ROUNDS = 100;
/** Of other processes, each with a session of its own. */
const OTHERS = 2;
const config = smallV2Lite(4);
const VARIANTS: readonly (readonly [name: string, precision: Precision, kvCacheDtype: KvCacheDtype])[] = [
  ['bfloat16', BFLOAT16, 'auto'],
  ['int8 experts', { ...BFLOAT16, experts: 'u8' }, 'auto'],
  ['latents in fp8', BFLOAT16, 'fp8'],
  ['latents in int8', BFLOAT16, 'int8'],
];

/** Cached tokens of a sequence: from 20 to all but one of what its blocks hold. */
const cached = (index: number): number => 20 + ((index * 131) % (BLOCKS_EACH * BLOCK_SIZE - 21));

function entry(index: number, start: number, count: number): WorkEntry {
  return {
    sequence: { tokenAt: (position) => (index * 7919 + position * 104_729 + 17) % config.vocabSize },
    start,
    count,
    blockTable: Array.from({ length: BLOCKS_EACH }, (_, i) => i * MOST + index),
    samples: true,
    wantsAllRows: false,
  };
}

/** Two steps of `count` decodes each, of as different lengths as there are, and a chunk on top of one, a fresh prompt and a decode. */
function stepsOf(count: number): readonly WorkEntry[][] {
  const order = Array.from({ length: MOST }, (_, i) => i).sort((a, b) => cached(a) - cached(b));
  const decodes = (indices: readonly number[]): WorkEntry[] => indices.map((i) => entry(i, cached(i), 1));
  const mixed = [entry(0, cached(0), 1), entry(1, 10, 9), entry(2, 0, cached(2))];
  return [decodes(order.slice(0, count)), decodes(order.slice(-count)), mixed];
}

async function makeSession(precision: Precision, kvCacheDtype: KvCacheDtype, cacheRoot: string): Promise<StepSession> {
  return new StepSession({
    config,
    packed: await makeDummyWeights({ config, precision, cacheRoot }),
    precision,
    kernels: 'auto',
    kvCacheDtype,
    numBlocks: MOST * BLOCKS_EACH,
    limits: { maxTokens: 4096, maxSequences: MOST, maxLogitRows: MOST, maxBlocksPerSequence: BLOCKS_EACH },
    decodeBuckets: BATCHES,
  });
}

function prefill(session: StepSession): void {
  for (let index = 0; index < MOST; index += 4) {
    session.run([0, 1, 2, 3].map((i) => entry(index + i, 0, cached(index + i))));
  }
}

const bytesOf = (row: Float32Array): Buffer => Buffer.from(row.buffer, row.byteOffset, row.byteLength);

const [sharedRoot] = process.argv.slice(2);
if (sharedRoot !== undefined) {
  // One of the others: until it is killed.
  using session = await makeSession(BFLOAT16, 'auto', sharedRoot);
  prefill(session);
  for (;;) for (const step of stepsOf(MOST)) session.run(step);
}
const cacheRoot = mkdtempSync(path.join(tmpdir(), 'latent-serve-test-'));
const others = Array.from({ length: OTHERS }, () =>
  spawn(process.execPath, [fileURLToPath(import.meta.url), cacheRoot], { stdio: 'ignore' }),
);
const checks = new Checks();
try {
  for (const [name, precision, kvCacheDtype] of VARIANTS) {
    using session = await makeSession(precision, kvCacheDtype, cacheRoot);
    prefill(session);
    for (const count of BATCHES) {
      const steps = stepsOf(count);
      // Once for the cache: a chunk leaves other bits there than a prompt does.
      for (const step of steps) session.run(step);
      const wanted = steps.map((step) => session.run(step));
      let differing = 0;
      for (let round = 0; round < ROUNDS; round++) {
        steps.forEach((step, i) => {
          const rows = session.run(step);
          if (rows.some((row, r) => !bytesOf(row).equals(bytesOf(wanted[i]![r]!)))) differing++;
        });
      }
      const detail = `${differing} of ${ROUNDS * steps.length} steps differ from their first run`;
      checks.report(`${name}, ${count} sequences`, differing === 0, detail);
    }
  }
  const ended = others.filter(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null).length;
  checks.report('the other processes', ended === 0, `${ended} of ${OTHERS} have ended by themselves`);
} finally {
  for (const other of others) other.kill('SIGKILL');
  rmSync(cacheRoot, { recursive: true });
}
checks.finish();
