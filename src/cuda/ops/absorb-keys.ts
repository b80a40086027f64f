import type { CustomOp } from '../../onnxruntime/custom-op.ts';
import { launchFused } from './fused-kernels.ts';
import type { GpuKernels } from './gpu-kernels.ts';

/** Of the kernel for one token (kernels/portable/head-products.cuh); otherwise cuBLAS computes. */
const COLUMNS_PER_BLOCK = 64;

/**
 * AbsorbKeys: the non-rotary query parts of each head times its W_UK, from where they lie in their rows.
 *
 * Inputs: q [T, *], which holds heads * nope values a row from column `q_offset` on; W_UK [heads, nope, rank].
 * Output: [heads, T, rank].
 */
export function absorbKeysOp(kernels: GpuKernels): CustomOp {
  const { type } = kernels;
  return {
    name: 'AbsorbKeys',
    provider: 'cuda',
    inputs: [{ type }, { type }],
    outputs: [{ type }],
    attributes: { q_offset: 'int' },
    compute(context) {
      const [q, keys] = [context.input(0), context.input(1)];
      const [numTokens, rowStride] = q.shape as [number, number];
      const [heads, nope, rank] = keys.shape as [number, number, number];
      const absorbed = context.output(0, [heads, numTokens, rank]);
      const firstColumn = q.pointer + BigInt(context.attributes['q_offset']! * kernels.elementBytes);
      if (type !== 'f32' && numTokens === 1 && rank % COLUMNS_PER_BLOCK === 0) {
        const launch = { grid: [rank / COLUMNS_PER_BLOCK, heads], block: 256, stream: context.gpuStream } as const;
        launchFused(kernels, `absorbKeys_${type}`, launch, (into) =>
          into.pointers(firstColumn, keys.pointer, absorbed.pointer).ints(nope, rank),
        );
        return;
      }
      const product = {
        type,
        batch: heads,
        rows: numTokens,
        columns: rank,
        depth: nope,
        a: { address: firstColumn, rowStride, stride: nope },
        b: { address: keys.pointer, rowStride: rank, stride: nope * rank },
        transposesB: false,
        out: { address: absorbed.pointer, rowStride: rank, stride: numTokens * rank },
      };
      kernels.cublas.multiply(product, context.gpuStream);
    },
  };
}
