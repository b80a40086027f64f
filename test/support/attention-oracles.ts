import type { LatentCode } from '../../src/cuda/element-types.ts';
import type { StepKind } from '../../src/cuda/ops/gpu-kernels.ts';
import type { KernelContext } from '../../src/onnxruntime/custom-op.ts';
import { CodedRows } from './coded-rows.ts';
import { dot, floats, softmax } from './oracle-math.ts';

/** Shape of an output that a step does not need. */
const NOTHING = [1];

/** The rows of a pool: latent and key of a token. */
interface PoolRows {
  read(slot: number, rope: number): ArrayLike<number>;
  write(slot: number, values: Float32Array): void;
}

function poolRows(context: KernelContext, index: number, rank: number, code: LatentCode | null): PoolRows {
  const width = context.input(index).shape[1]!;
  const data = context.input(index).data();
  if (code !== null) return new CodedRows(data as Uint8Array, code, width, rank);
  const values = data as Float32Array;
  return {
    read: (slot) => values.subarray(slot * width, (slot + 1) * width),
    write: (slot, row) => values.set(row, slot * width),
  };
}

export function latentWrite(context: KernelContext, code: LatentCode | null, { firstFreshToken }: StepKind): void {
  const { heads, rope, kv_offset, q_offset, epsilon } = context.attributes as Record<string, number>;
  const [kv, q, weight, cosine, sine] = [0, 1, 2, 3, 4].map((index) => floats(context, index));
  const slots = context.input(5).data() as BigInt64Array;
  const rank = weight!.length;
  const pool = poolRows(context, 6, rank, code);
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
  const width = rank + rope!;
  const hasFresh = firstFreshToken < slots.length;
  const latents = hasFresh ? (context.output(1, [slots.length, width]).data() as Float32Array) : null;
  if (latents === null) context.output(1, NOTHING);
  slots.forEach((slot, token) => {
    const row = token * context.input(0).shape[1]! + kv_offset!;
    if (slot >= 0n) {
      const latent = new Float32Array(width);
      let squares = 0;
      for (let i = 0; i < rank; i++) squares += kv![row + i]! ** 2;
      const scale = 1 / Math.sqrt(squares / rank + epsilon!);
      for (let i = 0; i < rank; i++) latent[i] = kv![row + i]! * scale * weight![i]!;
      rotate(kv!, row + rank, latent, rank, token);
      pool.write(Number(slot), latent);
      latents?.set(latent, token * width);
    }
    for (let head = 0; head < heads!; head++) {
      const at = token * context.input(1).shape[1]! + q_offset! + head * rope!;
      rotate(q!, at, rotary, (token * heads! + head) * rope!, token);
    }
  });
}

/** Absorbed queries of all tokens, or of those ahead of the fresh chunks where there are latents to expand for these. */
export function attentionOperands(context: KernelContext, { firstFreshToken }: StepKind): void {
  const [numTokens, rowStride] = context.input(0).shape as [number, number];
  const [heads, nope, rank] = context.input(2).shape as [number, number, number];
  const [q, latents, keys] = [0, 1, 2].map((index) => floats(context, index));
  const hasFresh = firstFreshToken < numTokens;
  const count = hasFresh ? firstFreshToken : numTokens;
  const shape = count > 0 ? [heads, count, rank] : NOTHING;
  const absorbed = context.output(0, shape).data() as Float32Array;
  context.output(1, shape);
  for (let i = 0; i < heads * count * rank; i++) {
    const [head, token] = [Math.floor(i / rank / count), Math.floor(i / rank) % count];
    const row = token * rowStride + context.attributes['q_offset']! + head * nope;
    let sum = 0;
    for (let j = 0; j < nope; j++) sum += q![row + j]! * keys![(head * nope + j) * rank + (i % rank)]!;
    absorbed[i] = sum;
  }
  for (const output of [2, 3]) {
    const size = context.input(output).shape[1]!;
    if (!hasFresh) {
      context.output(output, NOTHING);
      continue;
    }
    const weights = floats(context, output);
    const width = heads * size;
    const expanded = context.output(output, [numTokens, width]).data() as Float32Array;
    const latentWidth = context.input(1).shape[1]!;
    expanded.forEach((_, i) => {
      const [token, row] = [Math.floor(i / width), i % width];
      const latent = latents!.subarray(token * latentWidth, token * latentWidth + rank);
      expanded[i] = token < firstFreshToken ? Number.NaN : dot(latent, weights.subarray(row * rank, (row + 1) * rank));
    });
  }
}

/** Each token's attention, absorbed or not, from what the operators before have given. */
export function mlaAttention(context: KernelContext, code: LatentCode | null): void {
  const [heads, value] = context.input(7).shape as [number, number];
  const numTokens = context.input(1).shape[0]!;
  const rows = (context.output(0, [numTokens, heads * value]).data() as Float32Array).fill(0);
  const absorbedShape = context.input(3).shape;
  const numAbsorbed = absorbedShape.length === 1 ? 0 : absorbedShape[1]!;
  const [first, cached] = [9, 10].map((index) => context.input(index).data() as Int32Array);
  for (let s = 0; s + 1 < first!.length; s++) {
    for (let token = first![s]!; token < first![s + 1]!; token++) {
      for (let head = 0; head < heads; head++) {
        const at = { s, token, head, numKeys: cached![s]! + token - first![s]! + 1 };
        const out = token < numAbsorbed ? attendToPool(context, code, at) : attendToChunk(context, at);
        rows.set(out, (token * heads + head) * value);
      }
    }
  }
}

interface Query {
  readonly s: number;
  readonly token: number;
  readonly head: number;
  readonly numKeys: number;
}

function attendToPool(context: KernelContext, code: LatentCode | null, { s, token, head, numKeys }: Query): number[] {
  const { page_size, scale } = context.attributes as Record<string, number>;
  const [, numAbsorbed, rank] = context.input(3).shape as [number, number, number];
  const [, heads, rope] = context.input(1).shape as [number, number, number];
  const [rotary, absorbed, weights] = [1, 3, 7].map((index) => floats(context, index));
  const table = context.input(11).data() as Int32Array;
  const maxBlocks = context.input(11).shape[1]!;
  const pool = poolRows(context, 8, rank, code);
  const slotOf = (key: number): number =>
    table[s * maxBlocks + Math.floor(key / page_size!)]! * page_size! + (key % page_size!);
  const rows = Array.from({ length: numKeys }, (_, key) => pool.read(slotOf(key), rope));
  const at = (head * numAbsorbed + token) * rank;
  const scores = rows.map((row) => {
    let score = 0;
    for (let i = 0; i < rank; i++) score += absorbed![at + i]! * row[i]!;
    for (let i = 0; i < rope; i++) score += rotary![(token * heads + head) * rope + i]! * row[rank + i]!;
    return score * scale!;
  });
  const weighed = softmax(scores);
  const latent = Array.from({ length: rank }, (_, i) =>
    rows.reduce((sum, row, key) => sum + weighed[key]! * row[i]!, 0),
  );
  const value = context.input(7).shape[1]!;
  return Array.from({ length: value }, (_, i) => {
    const from = (head * value + i) * rank;
    return dot(latent, weights!.subarray(from, from + rank));
  });
}

function attendToChunk(context: KernelContext, { token, head, numKeys }: Query): number[] {
  const [, heads, rope] = context.input(1).shape as [number, number, number];
  const value = context.input(7).shape[1]!;
  const [q, rotary, latents] = [0, 1, 2].map((index) => floats(context, index));
  const [keys, values] = [floats(context, 5), floats(context, 6)];
  const nope = context.input(5).shape[1]! / heads;
  const width = context.input(2).shape[1]!;
  const queryAt = token * context.input(0).shape[1]! + context.attributes['q_offset']! + head * nope;
  const query = q!.subarray(queryAt, queryAt + nope);
  const rotated = rotary!.subarray((token * heads + head) * rope, (token * heads + head + 1) * rope);
  const scores = Array.from({ length: numKeys }, (_, key) => {
    const from = token - numKeys + 1 + key;
    const row = (from * heads + head) * nope;
    const shared = latents!.subarray((from + 1) * width - rope, (from + 1) * width);
    const score = dot(query, keys.subarray(row, row + nope)) + dot(rotated, shared);
    return score * context.attributes['scale']!;
  });
  const weighed = softmax(scores);
  return Array.from({ length: value }, (_, i) =>
    weighed.reduce((sum, weight, key) => {
      const row = ((token - numKeys + 1 + key) * heads + head) * value;
      return sum + weight * values[row + i]!;
    }, 0),
  );
}
