import { expect } from 'vitest';
import type { CustomOp, KernelContext } from '../../src/onnxruntime/custom-op.ts';
import { dequantize } from './dequantize.ts';
import { Fp8Rows } from './fp8-rows.ts';

/** The custom operators of the CUDA graphs in JavaScript and double precision, straight from what they are said to do. */
export class OpOracles {
  #numDecodes = 0;
  readonly #compute: Readonly<Record<string, (context: KernelContext) => void>> = {
    AbsorbKeys: absorbKeys,
    LatentWrite: latentWrite,
    AttentionPlan: (context) => this.#plan(context),
    PagedAttention: pagedAttention,
    Linear: linear,
    GatedLinearScratch: (context) => void context.output(0, [1]),
    GatedLinear: gatedLinear,
    ExpandValues: expandValues,
    RouterLogits: routerLogits,
    ExpertsScratch: expertsScratch,
    RoutedExperts: (context) => routedExperts(context, floats(context, 2), floats(context, 3)),
    QuantizedExperts: (context) => routedExperts(context, dequantized(context, 2), dequantized(context, 4)),
    AddNorm: addNorm,
  };

  /** The operator with the declarations of `op`, computed here. */
  replace(op: CustomOp): CustomOp {
    return { ...op, provider: 'cpu', compute: this.#compute[op.name]! };
  }

  beginStep(numDecodes: number): void {
    this.#numDecodes = numDecodes;
  }

  /** Nothing is planned here; what the kernels rely on is checked. */
  #plan(context: KernelContext): void {
    const first = context.input(0).data() as Int32Array;
    const lengths = context.input(1).data() as Int32Array;
    for (let s = 0; s < this.#numDecodes; s++) {
      const count = first[s + 1]! - first[s]!;
      expect(count === 1 ? first[s] : s).toBe(s);
      expect(count).toBeLessThanOrEqual(1);
    }
    context.output(0, [1]);
    context.output(1, lengths.length > 0 ? [lengths.length] : [1]);
    context.output(2, [1]);
  }
}

/** The rows of a pool: latent and key of a token. */
interface PoolRows {
  read(slot: number, rope: number): ArrayLike<number>;
  write(slot: number, values: Float32Array): void;
}

function poolRows(context: KernelContext, index: number, rank: number): PoolRows {
  const { elementType, shape } = context.input(index);
  const width = shape[1]!;
  const data = context.input(index).data();
  if (elementType === 'u8') return new Fp8Rows(data as Uint8Array, width, rank);
  const values = data as Float32Array;
  return {
    read: (slot) => values.subarray(slot * width, (slot + 1) * width),
    write: (slot, row) => values.set(row, slot * width),
  };
}

const floats = (context: KernelContext, index: number): Float32Array => context.input(index).data() as Float32Array;

function absorbKeys(context: KernelContext): void {
  const [numTokens, rowStride] = context.input(0).shape as [number, number];
  const [heads, nope, rank] = context.input(1).shape as [number, number, number];
  const [q, keys] = [floats(context, 0), floats(context, 1)];
  const absorbed = context.output(0, [heads, numTokens, rank]).data() as Float32Array;
  absorbed.forEach((_, i) => {
    const [head, token] = [Math.floor(i / rank / numTokens), Math.floor(i / rank) % numTokens];
    const row = token * rowStride + context.attributes['q_offset']! + head * nope;
    let sum = 0;
    for (let j = 0; j < nope; j++) sum += q[row + j]! * keys[(head * nope + j) * rank + (i % rank)]!;
    absorbed[i] = sum;
  });
}

function expandValues(context: KernelContext): void {
  const [heads, numTokens, rank] = context.input(0).shape as [number, number, number];
  const width = context.input(1).shape[1]!;
  const [latents, values] = [floats(context, 0), floats(context, 1)];
  const rows = context.output(0, [numTokens, heads * width]).data() as Float32Array;
  rows.forEach((_, i) => {
    const [token, head] = [Math.floor(i / width / heads), Math.floor(i / width) % heads];
    const latent = (head * numTokens + token) * rank;
    const value = (head * width + (i % width)) * rank;
    rows[i] = dot(latents.subarray(latent, latent + rank), values.subarray(value, value + rank));
  });
}

function addNorm(context: KernelContext): void {
  const addends = [0, 2, 3].map((index) => context.optionalInput(index)?.data() as Float32Array | undefined);
  const weight = floats(context, 1);
  const shape = context.input(0).shape;
  const hidden = shape[1]!;
  const normed = context.output(0, shape).data() as Float32Array;
  const sum = context.output(1, shape).data() as Float32Array;
  sum.forEach((_, i) => {
    sum[i] = addends.reduce((total, values) => total + (values?.[i] ?? 0), 0);
  });
  for (let row = 0; row < sum.length; row += hidden) {
    const values = sum.subarray(row, row + hidden);
    const scale = 1 / Math.sqrt(dot(values, values) / hidden + context.attributes['epsilon']!);
    for (let i = 0; i < hidden; i++) normed[row + i] = values[i]! * scale * weight[i]!;
  }
}

function latentWrite(context: KernelContext): void {
  const { heads, rope, kv_offset, q_offset, epsilon } = context.attributes as Record<string, number>;
  const [kv, q, weight, cosine, sine] = [0, 1, 2, 3, 4].map((index) => floats(context, index));
  const slots = context.input(5).data() as BigInt64Array;
  const rank = weight!.length;
  const pool = poolRows(context, 6, rank);
  const pairs = rope! / 2;
  const rotary = context.output(0, [slots.length, heads!, rope!]).data() as Float32Array;
  const rotate = (from: Float32Array, at: number, to: Float32Array, toAt: number, token: number): void => {
    for (let pair = 0; pair < pairs; pair++) {
      const [c, s] = [cosine![token * pairs + pair]!, sine![token * pairs + pair]!];
      const [x0, x1] = [from[at + 2 * pair]!, from[at + 2 * pair + 1]!];
      to[toAt + 2 * pair] = x0 * c - x1 * s;
      to[toAt + 2 * pair + 1] = x0 * s + x1 * c;
    }
  };
  slots.forEach((slot, token) => {
    const row = token * context.input(0).shape[1]! + kv_offset!;
    if (slot >= 0n) {
      const latent = new Float32Array(rank + rope!);
      let squares = 0;
      for (let i = 0; i < rank; i++) squares += kv![row + i]! ** 2;
      const scale = 1 / Math.sqrt(squares / rank + epsilon!);
      for (let i = 0; i < rank; i++) latent[i] = kv![row + i]! * scale * weight![i]!;
      rotate(kv!, row + rank, latent, rank, token);
      pool.write(Number(slot), latent);
    }
    for (let head = 0; head < heads!; head++) {
      const at = token * context.input(1).shape[1]! + q_offset! + head * rope!;
      rotate(q!, at, rotary, (token * heads! + head) * rope!, token);
    }
  });
}

function pagedAttention(context: KernelContext): void {
  const { page_size, scale } = context.attributes as Record<string, number>;
  const [absorbed, rotary] = [0, 1].map((index) => floats(context, index));
  const [first, cached, table] = [3, 4, 5].map((index) => context.input(index).data() as Int32Array);
  const [heads, numTokens, rank] = context.input(0).shape as [number, number, number];
  const rope = context.input(1).shape[2]!;
  const pool = poolRows(context, 2, rank);
  const [numSequences, maxBlocks] = context.input(5).shape as [number, number];
  const out = (context.output(0, [heads, numTokens, rank]).data() as Float32Array).fill(0);
  for (let s = 0; s < numSequences; s++) {
    const slotOf = (key: number): number =>
      table![s * maxBlocks + Math.floor(key / page_size!)]! * page_size! + (key % page_size!);
    for (let token = first![s]!; token < first![s + 1]!; token++) {
      const numKeys = cached![s]! + token - first![s]! + 1;
      const rows = Array.from({ length: numKeys }, (_, key) => pool.read(slotOf(key), rope));
      for (let head = 0; head < heads; head++) {
        const at = (head * numTokens + token) * rank;
        const scores = rows.map((row) => {
          let score = 0;
          for (let i = 0; i < rank; i++) score += absorbed![at + i]! * row[i]!;
          for (let i = 0; i < rope; i++) score += rotary![(token * heads + head) * rope + i]! * row[rank + i]!;
          return score * scale!;
        });
        const weights = softmax(scores);
        for (let i = 0; i < rank; i++) {
          out[at + i] = rows.reduce((sum, row, key) => sum + weights[key]! * row[i]!, 0);
        }
      }
    }
  }
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
  for (let scratch = 0; scratch < 6; scratch++) context.output(scratch, [1]);
}

/** int8 weights; their scales are the input after them. */
function dequantized(context: KernelContext, index: number): Float32Array {
  const codes = context.input(index);
  return dequantize(codes.data() as Uint8Array, codes.shape[2]!, context.input(index + 1).data() as Uint16Array);
}

function routedExperts(context: KernelContext, gateUp: Float32Array, down: Float32Array): void {
  const { top_k, groups, top_groups, normalize, scale } = context.attributes as Record<string, number>;
  const [x, logits] = [0, 1].map((index) => floats(context, index));
  const [numTokens, hidden] = context.input(0).shape as [number, number];
  const experts = context.input(1).shape[1]!;
  const inter = down.length / experts / hidden;
  const y = (context.output(0, [numTokens, hidden]).data() as Float32Array).fill(0);
  for (let token = 0; token < numTokens; token++) {
    const scores = softmax([...logits!.subarray(token * experts, (token + 1) * experts)]);
    const chosen = largest(openExperts(scores, groups!, top_groups!), top_k!);
    const mass = chosen.reduce((sum, expert) => sum + scores[expert]!, 0);
    for (const expert of chosen) {
      const weight = scores[expert]! * (normalize === 1 ? 1 / mass : scale!);
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

function softmax(values: readonly number[]): number[] {
  const top = Math.max(...values);
  const weights = values.map((value) => Math.exp(value - top));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
