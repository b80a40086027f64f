// The Hopper kernels inside a session and behind their wrappers: node test/cuda/hopper.ts (Node 24, no development dependency)
// Three layers of DeepSeek-V2-Lite's shape with random weights, eagerly and replayed. The truth are the same weights computed in float32 by
// the portable kernels; in bfloat16 the Hopper kernels may be further from it than the portable ones by a factor only. With int8 experts
// both must differ from one another by little more than they do in bfloat16; with 8-bit latents the truth is that without. The sampler chooses the CPU sampler's tokens.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { KernelChoice } from '../../src/cuda/ops/gpu-kernels.ts';
import type { KvCacheDtype } from '../../src/deepseek-v2/latent-row.ts';
import { FLOAT32, type Precision } from '../../src/deepseek-v2/precision.ts';
import { makeDummyWeights } from '../../src/packing/dummy-weights.ts';
import type { PackedModel } from '../../src/packing/packed-model.ts';
import type { WorkEntry } from '../../src/runner/step-work.ts';
import { Checks } from './checks.ts';
import { describeSpread, relativeError, type Spread, spreadOf } from './errors.ts';
import { BFLOAT16, smallV2Lite } from './small-v2-lite.ts';
import { StepSession } from './step-session.ts';
import { verifySampler } from './verify-sampler.ts';
import { widenPack } from './widen-pack.ts';

const NUM_SEQUENCES = 44;
const BLOCKS_EACH = 12;
/** How much further from the truth the Hopper kernels may be than the portable ones: the median of some rows, and the worst row of all. */
const MEDIAN_FACTOR = 1.25;
const WORST_FACTOR = 1.5;
/** The median of fewer rows says little: a near tie of two experts may go either way. */
const ENOUGH_ROWS = 16;
/** The portable kernels' own median: roundings to 8 bits in three layers, some ten a layer, that add up like a random walk. */
const PORTABLE_MEDIAN = 0.02;
/** How much further apart the Hopper and the portable kernels may be where something is quantised: what rounds otherwise counts for more. */
const APART_FACTOR = 2;
const config = smallV2Lite(3);

/** A model on the GPU. */
interface Variant {
  readonly packed: PackedModel;
  readonly precision: Precision;
  readonly kvCacheDtype?: KvCacheDtype;
}

/** Sequence `index` computes `count` tokens after `start` cached ones. */
function entry(index: number, start: number, count: number): WorkEntry {
  return {
    sequence: { tokenAt: (position) => (index * 7919 + position * 104_729 + 17) % config.vocabSize },
    start,
    count,
    blockTable: Array.from({ length: BLOCKS_EACH }, (_, i) => ((index * BLOCKS_EACH + i) * 5) % NUM_BLOCKS),
    samples: true,
    wantsAllRows: false,
  };
}

// 5 has no divisor in common with it, so that block tables are shuffled.
const NUM_BLOCKS = NUM_SEQUENCES * BLOCKS_EACH + 1;
const all = (count: number, make: (index: number) => WorkEntry): WorkEntry[] =>
  Array.from({ length: count }, (_, i) => make(i));
const cached = (index: number): number => 20 + index * 13;

/** Steps whose logits are compared, in order: each builds on what the ones before have cached. */
const STEPS: readonly (readonly [string, WorkEntry[]])[] = [
  ['prefill of one token', [entry(0, 0, 1)]],
  ['prefill of 20 tokens', [entry(0, 0, 20)]],
  ['prefill of all', all(NUM_SEQUENCES, (i) => entry(i, 0, cached(i) + (i < 3 ? 0 : 2)))],
  ...[1, 2, 3].map((n): [string, WorkEntry[]] => [`3 decodes, run ${n}`, all(3, (i) => entry(i, cached(i), 1))]),
  ['3 decodes, next tokens', all(3, (i) => entry(i, cached(i) + 1, 1))],
  ...[1, 2, 3].map((n): [string, WorkEntry[]] => [
    `all decode, run ${n}`,
    all(NUM_SEQUENCES, (i) => entry(i, cached(i) + 2, 1)),
  ]),
  ['all decode, next tokens', all(NUM_SEQUENCES, (i) => entry(i, cached(i) + 3, 1))],
  [
    'decodes and a chunk',
    [...all(6, (i) => entry(i, cached(i) + 4, 1)), entry(9, cached(9) + 4, 90), entry(10, cached(10) + 4, 5)],
  ],
  ['a chunk after decodes', [entry(9, cached(9) + 94, 1), entry(11, cached(11) + 4, 130)]],
  ['one decode', [entry(43, cached(43) + 4, 1)]],
  [
    'decodes and prompts with nothing in the cache',
    [...all(6, (i) => entry(i, cached(i) + 5, 1)), entry(20, 0, 250), entry(30, 0, 3), entry(40, 0, 129)],
  ],
];

/** Rows of logits of each step. */
function logitsOf(variant: Variant, kernels: KernelChoice): Float32Array[][] {
  using session = new StepSession({
    config,
    ...variant,
    kernels,
    numBlocks: NUM_BLOCKS,
    limits: { maxTokens: 16_384, maxSequences: 48, maxLogitRows: 48, maxBlocksPerSequence: BLOCKS_EACH },
    decodeBuckets: variant.precision === FLOAT32 ? [] : [1, 4, 48],
  });
  return STEPS.map(([, entries]) => session.run(entries));
}

const checks = new Checks();
const cacheRoot = mkdtempSync(path.join(tmpdir(), 'latent-serve-test-'));
try {
  const plain: Variant = {
    packed: await makeDummyWeights({ config, precision: BFLOAT16, cacheRoot }),
    precision: BFLOAT16,
  };
  const truth = logitsOf({ packed: await widenPack(plain.packed, cacheRoot), precision: FLOAT32 }, 'portable');
  const [hopper, portable] = [logitsOf(plain, 'auto'), logitsOf(plain, 'portable')];
  compare(differences(hopper, truth), differences(portable, truth));
  const apart = spreadOf(differences(hopper, portable).flat());
  const int8: Precision = { ...BFLOAT16, experts: 'u8' };
  const quantized: Variant = {
    packed: await makeDummyWeights({ config, precision: int8, cacheRoot }),
    precision: int8,
  };
  compareApart('int8 experts', quantized, apart);
  for (const kvCacheDtype of ['fp8', 'int8'] as const) {
    const rounded: Variant = { ...plain, kvCacheDtype };
    compareErrors(
      `latents in ${kvCacheDtype}`,
      differences(logitsOf(rounded, 'auto'), truth).flat(),
      differences(logitsOf(rounded, 'portable'), truth).flat(),
    );
  }
  verifySampler((name, isOk, detail) => checks.report(name, isOk, detail));
} finally {
  rmSync(cacheRoot, { recursive: true });
}
checks.finish();

/**
 * Prompts with nothing in the cache attend to latents as they are before an 8-bit pool rounds them, on Hopper only: the two kinds of kernels are
 * further apart than roundings put them, but the Hopper ones no further from the truth.
 */
function compareErrors(name: string, hopper: readonly number[], portable: readonly number[]): void {
  const [ours, theirs] = [spreadOf(hopper), spreadOf(portable)];
  const isOk = ours.median <= MEDIAN_FACTOR * theirs.median && ours.worst <= WORST_FACTOR * theirs.worst;
  checks.report(name, isOk, `relative errors: ${describeSpread(ours)}; portable: ${describeSpread(theirs)}`);
}

function differences(actual: readonly Float32Array[][], wanted: readonly Float32Array[][]): number[][] {
  return actual.map((rows, step) => rows.map((row, i) => relativeError(row, wanted[step]![i]!)));
}

/** @param plain differences of the two kinds of kernels in bfloat16 */
function compareApart(name: string, variant: Variant, plain: Spread): void {
  const apart = spreadOf(differences(logitsOf(variant, 'auto'), logitsOf(variant, 'portable')).flat());
  const isOk = apart.median <= APART_FACTOR * plain.median && apart.worst <= APART_FACTOR * plain.worst;
  const detail = `Hopper and portable kernels apart by ${describeSpread(apart)}; without: ${describeSpread(plain)}`;
  checks.report(name, isOk, detail);
}

/** @param hopper relative errors of each step's rows, like `portable` */
function compare(hopper: readonly number[][], portable: readonly number[][]): void {
  const all = { hopper: spreadOf(hopper.flat()), portable: spreadOf(portable.flat()) };
  STEPS.forEach(([name], step) => {
    const [ours, theirs] = [spreadOf(hopper[step]!), spreadOf(portable[step]!)];
    const numRows = hopper[step]!.length;
    const isMedianOk = numRows < ENOUGH_ROWS || ours.median <= MEDIAN_FACTOR * theirs.median;
    const detail = `relative errors of ${numRows} rows: ${describeSpread(ours)}; portable: ${describeSpread(theirs)}`;
    checks.report(name, isMedianOk && ours.worst <= WORST_FACTOR * all.portable.worst, detail);
  });
  const isOk = all.hopper.median <= MEDIAN_FACTOR * all.portable.median;
  checks.report('all rows', isOk, `${describeSpread(all.hopper)}; portable: ${describeSpread(all.portable)}`);
  const isPlausible = all.portable.median < PORTABLE_MEDIAN;
  checks.report('the portable kernels themselves', isPlausible, describeSpread(all.portable));
}
