// Activations that float16 cannot hold inside the routed experts: node test/cuda/large-activations.ts (Node 24, no development dependency)
// Two layers of DeepSeek-V2-Lite's shape; the first weights of the experts are multiplied by a power of two. The Hopper kernels keep
// silu(gate) * up in float16, in units of 16, so up to 1,048,064: up to there they must be as exact as the portable kernels, which keep float32,
// and beyond, where they take the largest value, the logits must be finite.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { KernelChoice } from '../../src/cuda/ops/gpu-kernels.ts';
import { FLOAT32, type Precision } from '../../src/deepseek-v2/precision.ts';
import { makeDummyWeights } from '../../src/packing/dummy-weights.ts';
import type { PackedModel } from '../../src/packing/packed-model.ts';
import type { WorkEntry } from '../../src/runner/step-work.ts';
import { Checks } from './checks.ts';
import { editTensor } from './edit-tensor.ts';
import { describeSpread, relativeError, spreadOf } from './errors.ts';
import { BFLOAT16, smallV2Lite } from './small-v2-lite.ts';
import { StepSession } from './step-session.ts';
import { widenPack } from './widen-pack.ts';

/**
 * Without them gate and up are random sums of standard deviation 1.1. With 7 doublings one in a hundred of the products exceeds
 * 65,504 and none of some millions 1,048,064; with 11 most exceed that too.
 */
const DOUBLINGS = { held: 7, beyond: 11 } as const;
const F16_EXPONENT = 1 << 10;
const MEDIAN_FACTOR = 1.25;
const WORST_FACTOR = 1.5;
const NUM_TOKENS = 300;
const NUM_DECODES = 8;
const NUM_BLOCKS = 16;
const config = smallV2Lite(2);
const checks = new Checks();

/** Logits of a prompt's tokens (many tokens a step), then of some that follow (few). */
function logitsOf(packed: PackedModel, precision: Precision, kernels: KernelChoice): Float32Array[] {
  using session = new StepSession({
    config,
    packed,
    precision,
    kernels,
    numBlocks: NUM_BLOCKS,
    limits: { maxTokens: 512, maxSequences: 4, maxLogitRows: 512, maxBlocksPerSequence: NUM_BLOCKS },
    decodeBuckets: [],
  });
  const entry = (start: number, count: number): WorkEntry => ({
    sequence: { tokenAt: (position) => (position * 104_729 + 17) % config.vocabSize },
    start,
    count,
    blockTable: Array.from({ length: NUM_BLOCKS }, (_, i) => i),
    samples: true,
    wantsAllRows: count > 1,
  });
  const rows = session.run([entry(0, NUM_TOKENS)]);
  for (let i = 0; i < NUM_DECODES; i++) rows.push(...session.run([entry(NUM_TOKENS + i, 1)]));
  return rows;
}

const cacheRoot = mkdtempSync(path.join(tmpdir(), 'latent-serve-test-'));
try {
  const plain = await makeDummyWeights({ config, precision: BFLOAT16, cacheRoot });
  for (const [name, doublings] of Object.entries(DOUBLINGS)) {
    const packed = await editTensor(plain, 'layers.1.experts_gate_up', (bits) => {
      for (let i = 0; i < bits.length; i++) bits[i]! += doublings * F16_EXPONENT;
    });
    const truth = logitsOf(await widenPack(packed, cacheRoot), FLOAT32, 'portable');
    const errorsOf = (kernels: KernelChoice) =>
      spreadOf(logitsOf(packed, BFLOAT16, kernels).map((row, i) => relativeError(row, truth[i]!)));
    const [hopper, portable] = [errorsOf('auto'), errorsOf('portable')];
    const areFinite = Number.isFinite(hopper.worst) && Number.isFinite(portable.worst);
    const isExact = hopper.median <= MEDIAN_FACTOR * portable.median && hopper.worst <= WORST_FACTOR * portable.worst;
    const detail = `relative errors of ${truth.length} rows: ${describeSpread(hopper)}; portable: ${describeSpread(portable)}`;
    const title = `first weights of the experts times 2^${doublings}: ${name === 'held' ? 'exact' : 'finite'}`;
    checks.report(title, areFinite && (name === 'beyond' || isExact), detail);
  }
} finally {
  rmSync(cacheRoot, { recursive: true });
}
checks.finish();
