// The Hopper kernels inside a session and behind their wrappers: node test/cuda/hopper.ts (Node 24, no development dependency)
// Three layers of DeepSeek-V2-Lite's shape with random weights give the same logits with the Hopper kernels as with the portable
// ones, eagerly and replayed; the sampler chooses the CPU sampler's tokens.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CudaDevice } from '../../src/cuda/device.ts';
import type { KernelChoice } from '../../src/cuda/ops/gpu-kernels.ts';
import { parseDeepseekV2Config } from '../../src/deepseek-v2/parse-config.ts';
import { makeDummyWeights } from '../../src/packing/dummy-weights.ts';
import { CudaRank } from '../../src/ranks/cuda-rank.ts';
import { LocalRankGroup } from '../../src/ranks/local-rank-group.ts';
import { PagedStepBuffers } from '../../src/ranks/paged-step-buffers.ts';
import { PagedRunner } from '../../src/runner/paged-runner.ts';
import type { WorkEntry } from '../../src/runner/step-work.ts';
import { V2_LITE } from '../deepseek-v2/published-configs.ts';
import { openCudaRuntime } from './cuda-runtime.ts';
import { verifySampler } from './verify-sampler.ts';

const BLOCK_SIZE = 64;
const PRECISION = { stream: 'bf16', experts: 'f16' } as const;
const NUM_SEQUENCES = 44;
const BLOCKS_EACH = 12;
/** The largest relative error of a step's rows. The median is printed beside it: a near tie of two experts may go either way. */
const TOLERANCE = 0.02;
const SMALL = { num_hidden_layers: 3, vocab_size: 4096, bos_token_id: 0, eos_token_id: 1 };
const config = parseDeepseekV2Config({ ...V2_LITE, ...SMALL }, 'v2-lite');

const totals = { passed: 0, failed: 0 };
function report(name: string, isOk: boolean, detail: string): void {
  totals[isOk ? 'passed' : 'failed']++;
  process.stdout.write(`${isOk ? 'ok' : 'not ok'} - ${name}: ${detail}\n`);
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
];

const cacheRoot = mkdtempSync(path.join(tmpdir(), 'latent-serve-test-'));
const packed = await makeDummyWeights({ config, precision: PRECISION, cacheRoot });

function logitsOf(kernels: KernelChoice): Float32Array[][] {
  using device = new CudaDevice(0);
  const { folder, weightsFile, tensors: weights } = packed;
  const options = { config, precision: PRECISION, folder, weightsFile, weights, blockSize: BLOCK_SIZE, kernels };
  using rank = new CudaRank(openCudaRuntime(), device, options);
  const buffers = PagedStepBuffers.allocate({
    maxTokens: 16_384,
    maxSequences: 48,
    maxLogitRows: 48,
    maxBlocksPerSequence: BLOCKS_EACH,
    vocabSize: config.vocabSize,
  });
  rank.attach(NUM_BLOCKS, buffers);
  const decodeBuckets = [1, 4, 48];
  const runner = new PagedRunner(new LocalRankGroup<readonly PagedStepBuffers[]>(rank, buffers), {
    blockSize: BLOCK_SIZE,
    decodeBuckets,
  });
  return STEPS.map(([, entries]) => {
    const rows = runner.start({ entries, numTokens: entries.reduce((sum, { count }) => sum + count, 0) });
    runner.wait();
    return rows.map(({ firstRow }) => runner.logits(firstRow).slice());
  });
}

function relativeError(actual: Float32Array, wanted: Float32Array): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < wanted.length; i++) {
    difference += (actual[i]! - wanted[i]!) ** 2;
    norm += wanted[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}

const portable = logitsOf('portable');
const hopper = logitsOf('auto');
STEPS.forEach(([name], step) => {
  const errors = portable[step]!.map((wanted, row) => relativeError(hopper[step]![row]!, wanted));
  const sorted = errors.map((error) => (Number.isNaN(error) ? Number.POSITIVE_INFINITY : error)).sort((a, b) => a - b);
  const [median, worst] = [sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!];
  const detail = `median ${median.toExponential(1)}, worst ${worst.toExponential(1)} of ${errors.length} rows`;
  report(name, worst < TOLERANCE, `relative error of the logits: ${detail}`);
});
verifySampler(report);
rmSync(cacheRoot, { recursive: true });
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed\n`);
process.exitCode = totals.failed > 0 ? 1 : 0;
