// A prompt of 32,768 tokens on a GPU, in chunks of 2,048 and of 4,096: node test/cuda/long-prompt.ts (Node 24, no development dependency)
// Three layers of DeepSeek-V2-Lite's shape with random weights in bfloat16. The logits of the last tokens are finite and the same
// whatever the chunks, and no chunk takes more memory than the one before.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeDummyWeights } from '../../src/packing/dummy-weights.ts';
import type { PackedModel } from '../../src/packing/packed-model.ts';
import { Checks } from './checks.ts';
import { describeSpread, relativeError, spreadOf } from './errors.ts';
import { BFLOAT16, smallV2Lite } from './small-v2-lite.ts';
import { BLOCK_SIZE, StepSession } from './step-session.ts';

const NUM_TOKENS = 32_768;
const CHUNKS = [2048, 4096] as const;
/** Rows of the last chunk that are compared. */
const NUM_ROWS = 2048;
/** The difference of two runs in bfloat16 is at most what both are off: twice hopper.ts's median. The worst row may have another expert. */
const MEDIAN_DIFFERENCE = 0.02;
const LAST_DIFFERENCE = 0.05;
/** What a chunk may take beyond those before, once the first has made ONNX Runtime's arena grow. */
const GROWTH = 256 * 2 ** 20;
const config = smallV2Lite(3);
const checks = new Checks();

/** Logits of the prompt's last tokens. */
function prefill(packed: PackedModel, chunk: number): Float32Array[] {
  const numBlocks = NUM_TOKENS / BLOCK_SIZE;
  using session = new StepSession({
    config,
    packed,
    precision: BFLOAT16,
    kernels: 'auto',
    numBlocks,
    limits: { maxTokens: chunk, maxSequences: 1, maxLogitRows: chunk, maxBlocksPerSequence: numBlocks },
    decodeBuckets: [],
  });
  const blockTable = Array.from({ length: numBlocks }, (_, i) => (i * 7 + 3) % numBlocks);
  const used = (): number => {
    const { free, total } = session.device.memory();
    return total - free;
  };
  const before = used();
  const usedAfter: number[] = [];
  const milliseconds: number[] = [];
  let rows: Float32Array[] = [];
  for (let start = 0; start < NUM_TOKENS; start += chunk) {
    const began = performance.now();
    rows = session.run([
      {
        sequence: { tokenAt: (position) => (position * 104_729 + 17) % config.vocabSize },
        start,
        count: chunk,
        blockTable,
        samples: true,
        // All chunks, so that these rows are no growth.
        wantsAllRows: true,
      },
    ]);
    milliseconds.push(performance.now() - began);
    usedAfter.push(used());
  }
  const [first, peak] = [usedAfter[0]!, Math.max(...usedAfter)];
  const name = `${NUM_TOKENS} tokens in chunks of ${chunk}`;
  const parts = [
    `${mebibytes(before)} with weights and pool`,
    `${mebibytes(first)} after the first chunk`,
    `${mebibytes(peak)} at most`,
    `${mebibytes(usedAfter.at(-1)!)} at the end`,
    `chunks of ${milliseconds[1]!.toFixed(0)} to ${milliseconds.at(-1)!.toFixed(0)} ms`,
  ];
  checks.report(`memory, ${name}`, peak - first <= GROWTH, parts.join(', '));
  const last = rows.slice(-NUM_ROWS);
  const numFlawed = last.filter((row) => !row.every(Number.isFinite)).length;
  checks.report(`finite logits, ${name}`, numFlawed === 0, `${numFlawed} of ${last.length} rows are not`);
  return last;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}

const cacheRoot = mkdtempSync(path.join(tmpdir(), 'latent-serve-test-'));
try {
  const packed = await makeDummyWeights({ config, precision: BFLOAT16, cacheRoot });
  const [small, large] = CHUNKS.map((chunk) => prefill(packed, chunk));
  const differences = small!.map((row, i) => relativeError(row, large![i]!));
  const spread = spreadOf(differences);
  const last = differences.at(-1)!;
  const detail = `${describeSpread(spread)} of ${NUM_ROWS} rows, the last ${last.toExponential(1)}`;
  checks.report(
    'logits of both, relative difference',
    spread.median < MEDIAN_DIFFERENCE && last < LAST_DIFFERENCE,
    detail,
  );
} finally {
  rmSync(cacheRoot, { recursive: true });
}
checks.finish();
