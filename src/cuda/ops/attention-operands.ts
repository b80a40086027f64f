import type { CustomOp, KernelContext, KernelTensor } from '../../onnxruntime/custom-op.ts';
import { launchFewAbsorption, takesFewAbsorption } from './few-head-products.ts';
import { freshRows, takesFreshAttention } from './fresh-attention.ts';
import { launchFused } from './fused-kernels.ts';
import type { GpuKernels } from './gpu-kernels.ts';
import { isNothing, NOTHING } from './nothing.ts';

/** Of the kernel that absorbs for one token (kernels/portable/head-products.cuh). */
const COLUMNS_PER_BLOCK = 64;

/**
 * AttentionOperands: what MlaAttention multiplies, from the queries and the step's own latents. Tokens that attend to the pool need their queries
 * absorbed: times W_UK, head by head. Fresh chunks, which have nothing in the cache, take keys and values of every head instead, where that is
 * the shorter way.
 *
 * Inputs: q [T, *], which holds heads * nope values a row from column `q_offset` on; the latents of LatentWrite; W_UK
 * [heads, nope, rank]; W_UV [heads, v, rank].
 * Outputs: absorbed [heads, A, rank] of the first A tokens; room for their weighted latents, of the same shape; keys [T, heads * nope] and
 * values [T, heads * v], written for the tokens of fresh chunks. A pair that the step does not need is nothing ([1]).
 */
export function attentionOperandsOp(kernels: GpuKernels): CustomOp {
  const { type } = kernels;
  return {
    name: 'AttentionOperands',
    provider: 'cuda',
    inputs: [{ type }, { type }, { type }, { type }],
    outputs: [{ type }, { type }, { type }, { type }],
    attributes: { q_offset: 'int' },
    compute(context) {
      const [q, latents, keyWeights] = [context.input(0), context.input(1), context.input(2)];
      const [numTokens] = q.shape as [number];
      const expands = !isNothing(latents) && expandsFresh(kernels, context, q, latents, keyWeights);
      const numAbsorbed = expands ? kernels.step.firstFreshToken : numTokens;
      absorb(kernels, context, q, keyWeights, numAbsorbed);
      const expanded = [keyWeights, expands ? context.input(3) : keyWeights];
      expanded.forEach((weights, index) => {
        if (expands) expand(kernels, context, latents, weights, 2 + index);
        else context.output(2 + index, NOTHING);
      });
    },
  };
}

function expandsFresh(
  kernels: GpuKernels,
  context: KernelContext,
  q: KernelTensor,
  latents: KernelTensor,
  keyWeights: KernelTensor,
): boolean {
  const [numTokens, qStride] = q.shape as [number, number];
  const [, nope, rank] = keyWeights.shape as [number, number, number];
  const width = latents.shape[1]!;
  return takesFreshAttention(kernels, {
    numTokens: numTokens - kernels.step.firstFreshToken,
    nope,
    rope: width - rank,
    value: context.input(3).shape[1]!,
    strides: [qStride, width],
  });
}

/** Queries of the first `count` tokens times W_UK, and room for what attention makes of them. */
function absorb(
  kernels: GpuKernels,
  context: KernelContext,
  q: KernelTensor,
  keyWeights: KernelTensor,
  count: number,
): void {
  const [heads, nope, rank] = keyWeights.shape as [number, number, number];
  const shape = count > 0 ? [heads, count, rank] : NOTHING;
  const absorbed = context.output(0, shape);
  context.output(1, shape);
  if (count === 0) return;
  const firstColumn = q.pointer + BigInt(context.attributes['q_offset']! * kernels.elementBytes);
  if (kernels.type !== 'f32' && count === 1 && rank % COLUMNS_PER_BLOCK === 0) {
    const launch = { grid: [rank / COLUMNS_PER_BLOCK, heads], block: 256, stream: context.gpuStream } as const;
    launchFused(kernels, `absorbKeys_${kernels.type}`, launch, (into) =>
      into.pointers(firstColumn, keyWeights.pointer, absorbed.pointer).ints(nope, rank),
    );
    return;
  }
  const stride = q.shape[1]!;
  const few = { heads, nope, rank, numTokens: count, q: firstColumn, stride, keys: keyWeights.pointer };
  if (takesFewAbsorption(kernels, few)) {
    launchFewAbsorption(kernels, { ...few, absorbed: absorbed.pointer }, context.gpuStream);
    return;
  }
  const product = {
    type: kernels.type,
    batch: heads,
    rows: count,
    columns: rank,
    depth: nope,
    a: { address: firstColumn, rowStride: stride, stride: nope },
    b: { address: keyWeights.pointer, rowStride: rank, stride: nope * rank },
    transposesB: false,
    out: { address: absorbed.pointer, rowStride: rank, stride: count * rank },
  };
  kernels.cublas.multiply(product, context.gpuStream);
}

/** The fresh chunks' latents times weights [heads, *, rank]: one plain product for all heads. */
function expand(
  kernels: GpuKernels,
  context: KernelContext,
  latents: KernelTensor,
  weights: KernelTensor,
  output: number,
): void {
  const [numTokens, stride] = latents.shape as [number, number];
  const [heads, size, rank] = weights.shape as [number, number, number];
  const width = heads * size;
  const expanded = context.output(output, [numTokens, width]);
  const product = {
    type: kernels.type,
    x: freshRows(kernels, latents.pointer, stride),
    xStride: stride,
    w: weights.pointer,
    y: freshRows(kernels, expanded.pointer, width),
    numTokens: numTokens - kernels.step.firstFreshToken,
    width,
    depth: rank,
  };
  kernels.cublas.multiplyRows(product, context.gpuStream);
}
