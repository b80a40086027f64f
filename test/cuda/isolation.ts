// A token whose activations are NaN, beside others, on a GPU: node test/cuda/isolation.ts (Node 24, no development dependency)
// Its own sequence ends in a clear error; the others of the same steps, and those that later get its blocks, are as if it had not been.
// Layers of DeepSeek-V2-Lite's shape, with the Hopper kernels and the portable ones, and an engine with a small model.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { KernelChoice } from '../../src/cuda/ops/gpu-kernels.ts';
import { makeDummyWeights } from '../../src/packing/dummy-weights.ts';
import type { PackedModel } from '../../src/packing/packed-model.ts';
import type { WorkEntry } from '../../src/runner/step-work.ts';
import { flawedFixture } from '../support/flawed-fixture.ts';
import { compare, readGoldens } from '../support/goldens.ts';
import { Checks } from './checks.ts';
import { editTensor } from './edit-tensor.ts';
import { relativeError, spreadOf } from './errors.ts';
import { LocalCudaModel } from './local-cuda.ts';
import { BFLOAT16, smallV2Lite } from './small-v2-lite.ts';
import { StepSession } from './step-session.ts';

const BF16_NAN = 0x7fc0;
const config = smallV2Lite(3);
/** Its embedding is NaN. */
const FLAWED = 7;
const LENGTHS = [70, 100, 40, 33] as const;
const VICTIM = 1;
const FLAWED_AT = 50;
const BLOCKS_EACH = 2;
const NUM_DECODES = 3;
/** Logits of the same step may differ from run to run by the order of sums alone. */
const RUN_TO_RUN = 1e-2;
const checks = new Checks();

/**
 * Logits of each sequence, with the flawed token in one of them or without: of the last token of its prompt and of those that follow, then of
 * a sequence that gets the blocks of that one.
 */
function run(packed: PackedModel, kernels: KernelChoice, isFlawed: boolean): Float32Array[][] {
  using session = new StepSession({
    config,
    packed,
    precision: BFLOAT16,
    kernels,
    numBlocks: LENGTHS.length * BLOCKS_EACH,
    limits: { maxTokens: 512, maxSequences: 4, maxLogitRows: 4, maxBlocksPerSequence: BLOCKS_EACH },
    decodeBuckets: [1, 4],
  });
  const entry = (index: number, start: number, count: number, salt = 0): WorkEntry => ({
    sequence: {
      tokenAt(position) {
        if (isFlawed && salt === 0 && index === VICTIM && position === FLAWED_AT) return FLAWED;
        return 10 + (((index + salt) * 7919 + position * 104_729) % (config.vocabSize - 10));
      },
    },
    start,
    count,
    blockTable: Array.from({ length: BLOCKS_EACH }, (_, i) => index * BLOCKS_EACH + i),
    samples: true,
    wantsAllRows: false,
  });
  const rows: Float32Array[][] = [...LENGTHS, 0].map(() => []);
  const step = (entries: readonly WorkEntry[]): void => {
    session.run(entries).forEach((row, index) => {
      rows[index]!.push(row);
    });
  };
  step(LENGTHS.map((length, index) => entry(index, 0, length)));
  for (let i = 0; i < NUM_DECODES; i++) step(LENGTHS.map((length, index) => entry(index, length + i, 1)));
  // Shorter than the block, whose other slots still hold what was there.
  const later = (start: number, count: number): void => {
    rows[LENGTHS.length]!.push(...session.run([entry(VICTIM, start, count, 100)]));
  };
  later(0, 20);
  for (let i = 0; i < NUM_DECODES; i++) later(20 + i, 1);
  return rows;
}

async function checkSession(): Promise<void> {
  const cacheRoot = mkdtempSync(path.join(tmpdir(), 'latent-serve-test-'));
  try {
    const plain = await makeDummyWeights({ config, precision: BFLOAT16, cacheRoot });
    const packed = await editTensor(plain, 'embed_tokens', (bits, first) => {
      const at = FLAWED * config.hiddenSize - first;
      if (at >= 0 && at < bits.length) bits.fill(BF16_NAN, at, at + config.hiddenSize);
    });
    for (const kernels of ['auto', 'portable'] as const) {
      const clean = run(packed, kernels, false);
      const flawed = run(packed, kernels, true);
      const worst = (index: number): number =>
        spreadOf(flawed[index]!.map((row, i) => relativeError(row, clean[index]![i]!))).worst;
      const others = [...LENGTHS.keys()].filter((index) => index !== VICTIM);
      const beside = Math.max(...others.map(worst));
      const after = worst(LENGTHS.length);
      checks.report(
        `beside it, ${kernels} kernels`,
        beside < RUN_TO_RUN,
        `worst difference ${beside.toExponential(1)}`,
      );
      checks.report(
        `in its blocks, ${kernels} kernels`,
        after < RUN_TO_RUN,
        `worst difference ${after.toExponential(1)}`,
      );
      const silent = flawed[VICTIM]!.filter((row) => row.every(Number.isFinite)).length;
      checks.report(`it itself, ${kernels} kernels`, silent === 0, `${silent} rows of logits are finite`);
    }
  } finally {
    rmSync(cacheRoot, { recursive: true });
  }
}

async function checkEngine(): Promise<void> {
  const goldens = readGoldens('v2-lite-like');
  const { folder, token } = flawedFixture();
  try {
    using model = await LocalCudaModel.load(folder, { stream: 'f32', experts: 'f32' });
    for (const sampler of ['host', 'device'] as const) {
      using engine = model.engine({}, { sampler });
      const flawed = engine.add([5, token, 9], 8);
      const outputs = goldens.map(({ prompt, tokens }) => engine.add(prompt, tokens.length));
      engine.runToEnd();
      const failed = engine.reports.flatMap((report) => report.failed);
      const isAlone = failed.length === 1 && flawed.tokens.length === 0;
      const message = failed.map((failure) => failure.message).join(', ');
      const isClear = message.includes('finite number');
      checks.report(`engine, ${sampler} sampler: it alone fails`, isAlone && isClear, message);
      const { compared, total, mismatch } = compare(goldens, outputs);
      const detail = `${compared} of ${total} tokens compared, ${mismatch ?? 'tokens equal'}`;
      checks.report(`engine, ${sampler} sampler: the others`, mismatch === null && compared > 0.9 * total, detail);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

await checkSession();
await checkEngine();
checks.finish();
