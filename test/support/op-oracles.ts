import { expect } from 'vitest';
import type { LatentCode } from '../../src/cuda/element-types.ts';
import type { StepKind } from '../../src/cuda/ops/gpu-kernels.ts';
import type { CustomOp, KernelContext } from '../../src/onnxruntime/custom-op.ts';
import { attentionOperands, latentWrite, mlaAttention } from './attention-oracles.ts';
import { dequantize } from './dequantize.ts';
import { dot, floats, softmax } from './oracle-math.ts';

/** The custom operators of the CUDA graphs in JavaScript and double precision, straight from what they are said to do. */
export class OpOracles {
  readonly #code: LatentCode | null;
  #step: StepKind = { numDecodes: 0, firstFreshSequence: 0, firstFreshToken: 0 };
  readonly #compute: Readonly<Record<string, (context: KernelContext) => void>> = {
    LatentWrite: (context) => latentWrite(context, this.#code, this.#step),
    AttentionPlan: (context) => this.#plan(context),
    AttentionOperands: (context) => attentionOperands(context, this.#step),
    MlaAttention: (context) => mlaAttention(context, this.#code),
    Linear: linear,
    LinearF32: linear,
    GatedLinearScratch: (context) => void context.output(0, [1]),
    GatedLinear: gatedLinear,
    RouterLogits: routerLogits,
    ExpertsScratch: expertsScratch,
    RoutedExperts: (context) => routedExperts(context, floats(context, 4), floats(context, 5), 6),
    QuantizedExperts: (context) => routedExperts(context, dequantized(context, 4), dequantized(context, 6), 8),
    AddNorm: (context) => normedSum(context, floats(context, 0), floats(context, 1), [floats(context, 2)]),
    RmsNorm: rmsNorm,
    RotaryTables: rotaryTables,
  };

  /** @param code of 8-bit latents; null: the pool holds floats */
  constructor(code: LatentCode | null) {
    this.#code = code;
  }

  /** The operator with the declarations of `op`, computed here. */
  replace(op: CustomOp): CustomOp {
    return { ...op, provider: 'cpu', compute: this.#compute[op.name]! };
  }

  beginStep(step: StepKind): void {
    this.#step = step;
  }

  /** Nothing is planned here; what the kernels rely on is checked. */
  #plan(context: KernelContext): void {
    const first = context.input(0).data() as Int32Array;
    const lengths = context.input(1).data() as Int32Array;
    const { numDecodes, firstFreshSequence, firstFreshToken } = this.#step;
    expect(firstFreshSequence).toBeGreaterThanOrEqual(numDecodes);
    expect(lengths.slice(firstFreshSequence).every((length) => length === 0)).toBe(true);
    if (firstFreshSequence < lengths.length) expect(firstFreshToken).toBe(first[firstFreshSequence]);
    for (let s = 0; s < numDecodes; s++) {
      const count = first[s + 1]! - first[s]!;
      expect(count === 1 ? first[s] : s).toBe(s);
      expect(count).toBeLessThanOrEqual(1);
    }
    context.output(0, [1]);
    context.output(1, lengths.length > 0 ? [lengths.length] : [1]);
    context.output(2, [1]);
  }
}

/** The outputs: the norm of the sum, and the sum, of the shape of the first input. */
function normedSum(
  context: KernelContext,
  residual: Float32Array,
  weight: Float32Array,
  addends: readonly Float32Array[],
): void {
  const shape = context.input(0).shape;
  const hidden = shape[1]!;
  const normed = context.output(0, shape).data() as Float32Array;
  const sum = context.output(1, shape).data() as Float32Array;
  sum.forEach((_, i) => {
    sum[i] = addends.reduce((total, values) => total + values[i]!, residual[i]!);
  });
  for (let row = 0; row < sum.length; row += hidden) {
    normed.set(normOf(context, sum.subarray(row, row + hidden), weight), row);
  }
}

function rmsNorm(context: KernelContext): void {
  const [x, weight] = [floats(context, 0), floats(context, 1)];
  const [numTokens, stride] = context.input(0).shape as [number, number];
  const normed = context.output(0, [numTokens, weight.length]).data() as Float32Array;
  for (let token = 0; token < numTokens; token++) {
    const begin = token * stride;
    normed.set(normOf(context, x.subarray(begin, begin + weight.length), weight), token * weight.length);
  }
}

function normOf(context: KernelContext, row: Float32Array, weight: Float32Array): Float32Array {
  const scale = 1 / Math.sqrt(dot(row, row) / row.length + context.attributes['epsilon']!);
  return row.map((value, i) => value * scale * weight[i]!);
}

function rotaryTables(context: KernelContext): void {
  const positions = context.input(0).data() as BigInt64Array;
  const frequencies = floats(context, 1);
  const shape = [positions.length, frequencies.length];
  [Math.cos, Math.sin].forEach((ofAngle, output) => {
    const table = context.output(output, shape).data() as Float32Array;
    table.forEach((_, i) => {
      const position = Number(positions[Math.floor(i / frequencies.length)]);
      const angle = Math.fround(position * frequencies[i % frequencies.length]!);
      table[i] = ofAngle(angle) * context.attributes['factor']!;
    });
  });
}

function routerLogits(context: KernelContext): void {
  const [numTokens, hidden] = context.input(0).shape as [number, number];
  const experts = context.input(1).shape[0]!;
  const [x, weights] = [floats(context, 0), floats(context, 1)];
  const logits = context.output(0, [numTokens, experts]).data() as Float32Array;
  logits.forEach((_, i) => {
    const [token, expert] = [Math.floor(i / experts) * hidden, (i % experts) * hidden];
    logits[i] = dot(x.subarray(token, token + hidden), weights.subarray(expert, expert + hidden));
  });
}

function linear(context: KernelContext): void {
  products(context, (tokens, rows) => [tokens, rows]);
}

function gatedLinear(context: KernelContext): void {
  const [y, both, width] = products(context, (tokens, rows) => [tokens, rows / 2]);
  for (let i = 0; i < y.length; i++) {
    const gate = both[Math.floor(i / width) * 2 * width + (i % width)]!;
    y[i] = (gate / (1 + Math.exp(-gate))) * both[Math.floor(i / width) * 2 * width + width + (i % width)]!;
  }
}

/** The output, which holds the products where it has place for them; x times w transposed; the width of the output. */
function products(
  context: KernelContext,
  shape: (tokens: number, rows: number) => [number, number],
): [Float32Array, number[], number] {
  const [tokens, depth] = context.input(0).shape as [number, number];
  const rows = context.input(1).shape[0]!;
  const [x, w] = [floats(context, 0), floats(context, 1)];
  const y = context.output(0, shape(tokens, rows)).data() as Float32Array;
  const all = Array.from({ length: tokens * rows }, (_, i) => {
    const [token, row] = [Math.floor(i / rows), i % rows];
    return dot(x.subarray(token * depth, (token + 1) * depth), w.subarray(row * depth, (row + 1) * depth));
  });
  if (y.length === all.length) y.set(all);
  return [y, all, shape(tokens, rows)[1]];
}

function expertsScratch(context: KernelContext): void {
  for (let scratch = 0; scratch < 7; scratch++) context.output(scratch, [1]);
}

/** int8 weights; their scales are the input after them. */
function dequantized(context: KernelContext, index: number): Float32Array {
  const codes = context.input(index);
  return dequantize(codes.data() as Uint8Array, codes.shape[2]!, context.input(index + 1).data() as Uint16Array);
}

/** @param firstScratch index of the first input behind the weights */
function routedExperts(context: KernelContext, gateUp: Float32Array, down: Float32Array, firstScratch: number): void {
  const { top_k, groups, top_groups, normalize, scale } = context.attributes as Record<string, number>;
  const [x, logits] = [0, 1].map((index) => floats(context, index));
  const [numTokens, hidden] = context.input(0).shape as [number, number];
  const experts = context.input(1).shape[1]!;
  const all = context.input(4).shape[0]!;
  const inter = down.length / all / hidden;
  const y = new Float32Array(numTokens * hidden);
  for (let token = 0; token < numTokens; token++) {
    const scores = softmax([...logits!.subarray(token * experts, (token + 1) * experts)]);
    const chosen = largest(openExperts(scores, groups!, top_groups!), top_k!);
    const mass = chosen.reduce((sum, expert) => sum + scores[expert]!, 0);
    const shared = Array.from({ length: all - experts }, (_, i) => experts + i);
    for (const expert of [...chosen, ...shared]) {
      const weight = expert < experts ? scores[expert]! * (normalize === 1 ? 1 / mass : scale!) : 1;
      const row = (matrix: Float32Array, index: number, length: number): Float32Array =>
        matrix.subarray(index * length, (index + 1) * length);
      const input = row(x!, token, hidden);
      const h = Array.from({ length: inter }, (_, j) => {
        const gate = dot(row(gateUp, expert * 2 * inter + 2 * j, hidden), input);
        return (gate / (1 + Math.exp(-gate))) * dot(row(gateUp, expert * 2 * inter + 2 * j + 1, hidden), input);
      });
      for (let i = 0; i < hidden; i++) {
        y[token * hidden + i] = y[token * hidden + i]! + weight * dot(row(down, expert * hidden + i, inter), h);
      }
    }
  }
  const apart = context.optionalInput(firstScratch + 7)?.data() as Float32Array | undefined;
  normedSum(context, floats(context, 2), floats(context, 3), apart === undefined ? [y] : [y, apart]);
}

/** Scores of the experts in the best groups; the others have none. */
function openExperts(scores: readonly number[], groups: number, topGroups: number): number[] {
  if (groups === 0) return [...scores];
  const size = scores.length / groups;
  const best = Array.from({ length: groups }, (_, group) =>
    Math.max(...scores.slice(group * size, (group + 1) * size)),
  );
  const open = new Set(largest(best, topGroups));
  return scores.map((score, expert) => (open.has(Math.floor(expert / size)) ? score : -1));
}

/** Indices of the `count` largest; of equal ones the first. */
function largest(values: readonly number[], count: number): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[b]! - values[a]! || a - b);
  return order.slice(0, count);
}
