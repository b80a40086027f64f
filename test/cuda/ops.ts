// The custom operators with the Hopper kernels against themselves with the portable ones, the fused ones against their definitions, and the
// sampler against the CPU's, without ONNX Runtime: node test/cuda/ops.ts (Node 24, no development dependency; the kernels themselves are
// tested in test/kernels). cuBLAS comes from install-cuda where $CACHE is set, otherwise from the system.
import { CudaDevice } from '../../src/cuda/device.ts';
import type { LatentCode } from '../../src/cuda/element-types.ts';
import { CudaOps } from '../../src/cuda/ops/cuda-ops.ts';
import { type KvCacheDtype, latentRow } from '../../src/deepseek-v2/latent-row.ts';
import { Checks } from './checks.ts';
import { loadCudaLibraries } from './cuda-runtime.ts';
import { DeviceContext, type DeviceTensor } from './device-context.ts';
import { relativeError } from './errors.ts';
import { verifyFused } from './verify-fused.ts';
import { verifySampler } from './verify-sampler.ts';

type Stream = 'f16' | 'bf16';
const RANK = 512;
const ROPE = 64;
const NOPE = 128;
const VALUE = 128;
const PAGE = 64;
const TOLERANCE = { f16: 3e-3, bf16: 1.5e-2 } as const;

const checks = new Checks();
const report = (name: string, isOk: boolean, detail: string): void => checks.report(name, isOk, detail);

let state = 1;
function random(): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
}

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);
/** Random numbers of about one tenth to one, in either sign. */
function randomBits(type: Stream, count: number): Uint16Array<ArrayBuffer> {
  return Uint16Array.from({ length: count }, () => {
    const sign = random() < 0.5 ? 0x8000 : 0;
    if (type === 'f16') return sign | (0x2c00 + Math.floor(random() * 0x1000));
    float[0] = 2 ** (-4 + 4 * random());
    return sign | (word[0]! >>> 16);
  });
}

/** Of a size that keeps a product over RANK columns at about one. */
function smallWeights(count: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, () => (random() - 0.5) / 8);
}

/** Random codes of either sign, and the size of scales that makes values of about one of them. */
const CODES = {
  fp8: { random: () => (random() < 0.5 ? 0x80 : 0) | (0x20 + 0x20 * random()), scale: 1 },
  int8: { random: () => 1 + 255 * random(), scale: 1 / 64 },
} as const;

/** Rows of 8-bit latents with values of about one, none of it NaN. */
function randomCodedRows(type: Stream, code: LatentCode, count: number): Uint8Array<ArrayBuffer> {
  const { bytes } = latentRow({ kvLoraRank: RANK, qkRopeHeadDim: ROPE }, type, code);
  const rows = Uint8Array.from({ length: count * bytes }, CODES[code].random);
  for (let row = 0; row < count; row++) {
    const scales = Float32Array.from({ length: RANK / 128 }, () => CODES[code].scale * (0.5 + random()));
    rows.set(new Uint8Array(scales.buffer), row * bytes + RANK);
    rows.set(new Uint8Array(randomBits(type, ROPE).buffer), row * bytes + RANK + 4 * scales.length);
  }
  return rows;
}

function verify(name: string, type: Stream, actual: Float32Array, wanted: Float32Array): void {
  const error = relativeError(actual, wanted);
  report(name, error < TOLERANCE[type], `relative error ${error.toExponential(1)}`);
}

/**
 * Attention of one layer over a step's sequences, with the latents that the step itself writes. Where chunks have nothing in the cache, the
 * kernels of the portable choice still attend to the pool.
 */
function verifyAttention(
  context: DeviceContext,
  type: Stream,
  heads: number,
  sequences: readonly [number, number][],
  numDecodes: number,
  kvCacheDtype: KvCacheDtype,
): void {
  const used = sequences.reduce((sum, [, count]) => sum + count, 0);
  const numTokens = numDecodes === sequences.length ? numDecodes : used;
  const maxBlocks = Math.max(...sequences.map(([cached, count]) => Math.ceil((cached + count) / PAGE)), 1);
  const numBlocks = sequences.length * maxBlocks;
  const table = Int32Array.from({ length: numBlocks }, (_, i) => (i * 7 + 3) % numBlocks);
  const slots: bigint[] = [];
  const firstTokens = [0];
  sequences.forEach(([cached, count], s) => {
    for (let position = cached; position < cached + count; position++) {
      slots.push(BigInt(table[s * maxBlocks + Math.floor(position / PAGE)]! * PAGE + (position % PAGE)));
    }
    firstTokens.push(slots.length);
  });
  while (slots.length < numTokens) slots.push(-1n);
  const width = heads * (NOPE + ROPE) + RANK + ROPE;
  const rows = context.tensor(type, [numTokens, width], randomBits(type, 100_003));
  const angles = Float32Array.from({ length: (numTokens * ROPE) / 2 }, () => 7 * random());
  const inputs = {
    keyWeights: context.tensorOf(type, [heads, NOPE, RANK], smallWeights(heads * NOPE * RANK)),
    valueWeights: context.tensorOf(type, [heads, VALUE, RANK], smallWeights(heads * VALUE * RANK)),
    weight: context.tensor(type, [RANK], randomBits(type, RANK)),
    cosine: context.tensor('f32', [numTokens, ROPE / 2], angles.map(Math.cos)),
    sine: context.tensor('f32', [numTokens, ROPE / 2], angles.map(Math.sin)),
    slots: context.tensor('i64', [numTokens], BigInt64Array.from(slots)),
    firstTokens: context.tensor('i32', [sequences.length + 1], Int32Array.from(firstTokens)),
    contextLengths: context.tensor(
      'i32',
      [sequences.length],
      Int32Array.from(sequences, ([cached]) => cached),
    ),
    blockTable: context.tensor('i32', [sequences.length, maxBlocks], table),
  };
  const row = latentRow({ kvLoraRank: RANK, qkRopeHeadDim: ROPE }, type, kvCacheDtype);
  const past = row.code === null ? randomBits(type, 1_000_003) : randomCodedRows(type, row.code, 1009);
  const attend = (choice: 'auto' | 'portable') => {
    using ops = new CudaOps(context.device, type, choice, row.code);
    const named = (name: string) => ops.all.find((op) => op.name === name)!;
    const firstFreshSequence = Math.max(numDecodes, sequences.findLastIndex(([past]) => past > 0) + 1);
    const firstFreshToken = firstFreshSequence < sequences.length ? firstTokens[firstFreshSequence]! : numTokens;
    ops.beginStep({ numDecodes, firstFreshSequence, firstFreshToken });
    const pool = context.tensor(row.type, [numBlocks * PAGE, row.columns], past);
    const written = { heads, rope: ROPE, kv_offset: heads * (NOPE + ROPE), q_offset: heads * NOPE, epsilon: 1e-6 };
    const { weight, cosine, sine, firstTokens: first, contextLengths: lengths, keyWeights, valueWeights } = inputs;
    const [rotary, latents] = context.run(named('LatentWrite'), written, [
      ...[rows, rows, weight, cosine, sine],
      ...[inputs.slots, pool],
    ]);
    const plan = context.run(named('AttentionPlan'), { heads, rank: RANK, rope: ROPE, page_size: PAGE }, [
      first,
      lengths,
    ]);
    const operands = context.run(named('AttentionOperands'), { q_offset: 0 }, [
      ...[rows, latents!, keyWeights, valueWeights],
    ]);
    const cache = [pool, first, lengths, inputs.blockTable, ...plan];
    const all = [rows, rotary!, latents!, ...operands, valueWeights, ...cache];
    const [out] = context.run(named('MlaAttention'), { q_offset: 0, page_size: PAGE, scale: 0.05 }, all);
    const way = operands[2]!.shape.length > 1 ? 'expanded' : 'absorbed';
    const values = row.code !== null ? null : context.read(pool);
    return { out: context.read(out!), rotary: context.read(rotary!), pool: values, way };
  };
  const hopper = attend('auto');
  const portable = attend('portable');
  const steps = `${sequences.length} sequences, ${numDecodes} of them decode, ${hopper.way}`;
  const name = `attention ${type}, latents ${kvCacheDtype}, ${heads} heads, ${steps}`;
  for (const part of ['rotary', 'pool', 'out'] as const) {
    const [actual, wanted] = [hopper[part], portable[part]];
    if (actual && wanted) verify(`${name}: ${part}`, type, actual, wanted);
  }
}

interface ExpertShape {
  readonly hidden: number;
  readonly inter: number;
  readonly experts: number;
  readonly shared: number;
}

/** Random weights as the operators take them: gate_up and down, each followed by its scales if it has any. */
function expertWeights(
  context: DeviceContext,
  { hidden, inter, experts, shared }: ExpertShape,
  type: 'f16' | 'int8',
): DeviceTensor[] {
  const shapes = [
    [experts + shared, 2 * inter, hidden],
    [experts + shared, hidden, inter],
  ] as const;
  if (type === 'f16') {
    const pattern = Uint16Array.from(
      { length: 1_000_003 },
      () => (random() < 0.5 ? 0x8000 : 0) | (0x2000 + Math.floor(random() * 0x800)),
    );
    return shapes.map((shape, i) => context.tensor('f16', shape, pattern.slice(5 * i)));
  }
  const codes = Uint8Array.from({ length: 1_000_003 }, () => 1 + Math.floor(random() * 255));
  const scales = Uint16Array.from({ length: 10_007 }, () => 0x0800 + Math.floor(random() * 0x400));
  return shapes.flatMap(([count, rows, width], i) => [
    context.tensor('u8', [count, rows, width], codes.slice(5 * i)),
    context.tensor('f16', [count, rows, Math.ceil(width / 128)], scales.slice(3 * i)),
  ]);
}

function verifyExperts(
  context: DeviceContext,
  type: Stream,
  { hidden, inter, experts, shared }: ExpertShape,
  weightType: 'f16' | 'int8',
  steps: readonly { tokens: number; groups: number; normalize: number }[],
): void {
  const weights = expertWeights(context, { hidden, inter, experts, shared }, weightType);
  const [quantized, opName] = weightType === 'int8' ? [1, 'QuantizedExperts'] : [0, 'RoutedExperts'];
  for (const { tokens, groups, normalize } of steps) {
    const x = context.tensor(type, [tokens, hidden], randomBits(type, tokens * hidden));
    const logits = context.tensor(
      'f32',
      [tokens, experts],
      Float32Array.from({ length: tokens * experts }, () => 4 * random()),
    );
    const [residual, apart] = [1, 2].map(() =>
      context.tensor(type, [tokens, hidden], randomBits(type, tokens * hidden)),
    );
    const norm = context.tensor(type, [hidden], randomBits(type, hidden));
    const attributes = { top_k: 6, groups, top_groups: 3, normalize, scale: 1.5, epsilon: 1e-6 };
    const compute = (choice: 'auto' | 'portable'): Float32Array[] => {
      using ops = new CudaOps(context.device, type, choice);
      const named = (name: string) => ops.all.find((op) => op.name === name)!;
      const sizes = { experts, top_k: 6, shared, hidden, inter, groups, normalize, quantized };
      const scratch = context.run(named('ExpertsScratch'), sizes, [x]);
      const stream = [residual!, norm];
      const inputs: DeviceTensor[] = [x, logits, ...stream, ...weights, ...scratch, ...(shared === 0 ? [apart!] : [])];
      return context.run(named(opName), attributes, inputs).map((output) => context.read(output));
    };
    const name = `experts ${type}, ${weightType} weights, ${hidden} x ${inter} x ${experts} + ${shared}, ${tokens} tokens, ${groups} groups, normalize ${normalize}`;
    const [auto, portable] = [compute('auto'), compute('portable')];
    ['norm', 'sum'].forEach((output, i) => {
      verify(`${name}: ${output}`, type, auto[i]!, portable[i]!);
    });
  }
}

/** Dense products by the kernels for few tokens, or by cuBLAS where there are more or sizes do not fit, against cuBLAS alone. */
function verifyLinear(
  context: DeviceContext,
  type: Stream,
  depth: number,
  width: number,
  counts: readonly number[],
): void {
  const pattern = randomBits(type, 1_000_003);
  const w = context.tensor(type, [2 * width, depth], pattern);
  const plain = context.tensor(type, [width, depth], pattern);
  for (const tokens of counts) {
    const x = context.tensor(type, [tokens, depth], randomBits(type, 7919));
    const compute = (choice: 'auto' | 'portable') => {
      using ops = new CudaOps(context.device, type, choice);
      const run = (name: string, inputs: readonly DeviceTensor[], attributes: Record<string, number> = {}) =>
        context.run(ops.all.find((op) => op.name === name)!, attributes, inputs)[0]!;
      const scratch = run('GatedLinearScratch', [x], { width });
      return {
        product: run('Linear', [x, plain]),
        wide: run('LinearF32', [x, plain]),
        gated: run('GatedLinear', [x, w, scratch]),
      };
    };
    const auto = compute('auto');
    const portable = compute('portable');
    for (const way of ['product', 'wide', 'gated'] as const) {
      const name = `linear ${type} ${depth} to ${width}, ${tokens} tokens: ${way}`;
      verify(name, type, context.read(auto[way]), context.read(portable[way]));
    }
  }
}

using device = new CudaDevice(0);
process.stdout.write(`${device.name}\n`);
/** Sequences as (cached, new) tokens, and how many of them decode. */
// biome-ignore format: pairs
const STEPS: readonly (readonly [sequences: readonly [number, number][], numDecodes: number])[] = [
  [[[0, 1]], 1],
  [[[900, 1], [0, 1], [63, 1], [0, 0]], 4],
  [Array.from({ length: 150 }, (_, i): [number, number] => [(i * 3) % 250, 1]), 150],
  [[[300, 1], [5, 1], [100, 70], [0, 9]], 2],
  [[[0, 200], [64, 64]], 0],
];
/** Prompts with nothing in the cache, alone, behind decodes, and behind chunks that have something there. */
// biome-ignore format: pairs
const FRESH_STEPS: typeof STEPS = [
  [[[0, 200], [0, 1], [0, 129]], 0],
  [[[300, 1], [5, 1], [64, 1], [0, 300], [0, 2]], 3],
  [[[300, 1], [5, 1], [100, 70], [640, 3], [0, 300], [0, 2]], 2],
  [[[64, 65], [0, 1], [0, 270]], 0],
];
for (const type of ['bf16', 'f16'] as const) {
  for (const kvCacheDtype of ['auto', 'fp8', 'int8'] as const) {
    using context = new DeviceContext(device);
    for (const heads of [16, 128]) {
      // The ordinary form takes latents as they are before an 8-bit pool rounds them.
      const steps = kvCacheDtype === 'auto' ? [...STEPS, ...FRESH_STEPS] : STEPS;
      for (const [sequences, numDecodes] of steps) {
        verifyAttention(context, type, heads, sequences, numDecodes, kvCacheDtype);
      }
    }
  }
}
for (const type of ['bf16', 'f16'] as const) {
  using context = new DeviceContext(device);
  const step = (tokens: number, groups = 0, normalize = 0) => ({ tokens, groups, normalize });
  const few = [step(1), step(4), step(5), step(8), step(9), step(3, 8), step(4, 0, 1)];
  const steps = [...few, step(33), step(150), step(500), step(20, 8), step(20, 0, 1), step(60, 8)];
  for (const weights of ['f16', 'int8'] as const) {
    for (const shared of [0, 2]) {
      verifyExperts(context, type, { hidden: 2048, inter: 1408, experts: 64, shared }, weights, steps);
      verifyExperts(context, type, { hidden: 512, inter: 384, experts: 24, shared }, weights, [step(3), step(90)]);
    }
  }
}
if (process.env['CACHE'] !== undefined) loadCudaLibraries();
verifyFused(device, report);
for (const type of ['bf16', 'f16'] as const) {
  using context = new DeviceContext(device);
  verifyLinear(context, type, 2048, 2816, [1, 8, 9, 16, 17, 33, 64, 65, 300]);
  verifyLinear(context, type, 2816, 2048, [1, 8, 9, 16, 31, 48, 64]);
  verifyLinear(context, type, 5120, 333, [1, 8, 9, 33]);
  verifyLinear(context, type, 5120, 2112, [8, 9, 32, 33, 63]);
  verifyLinear(context, type, 520, 96, [1, 9, 40, 64]);
  verifyLinear(context, type, 516, 100, [9, 40]);
}
verifySampler(report);
checks.finish();
