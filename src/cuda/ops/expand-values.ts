import type { CustomOp } from '../../onnxruntime/custom-op.ts';
import { launchFused } from './fused-kernels.ts';
import type { GpuKernels } from './gpu-kernels.ts';

/** Of the kernel for one token (kernels/portable/head-products.cuh); otherwise cuBLAS computes. */
const ROWS_PER_BLOCK = 16;
/** Elements of 16 bytes. */
const ACCESS = 8;

/**
 * ExpandValues: the weighted latents of each head times its W_UV, written as rows of all heads.
 *
 * Inputs: weighted latents [heads, T, rank], W_UV [heads, v, rank]. Output: [T, heads * v].
 */
export function expandValuesOp(kernels: GpuKernels): CustomOp {
  const { type } = kernels;
  return {
    name: 'ExpandValues',
    provider: 'cuda',
    inputs: [{ type }, { type }],
    outputs: [{ type }],
    compute(context) {
      const [latents, values] = [context.input(0), context.input(1)];
      const [heads, numTokens, rank] = latents.shape as [number, number, number];
      const width = values.shape[1]!;
      const rows = context.output(0, [numTokens, heads * width]);
      if (type !== 'f32' && numTokens === 1 && rank % ACCESS === 0) {
        const grid = [Math.ceil(width / ROWS_PER_BLOCK), heads] as const;
        launchFused(kernels, `expandValues_${type}`, { grid, block: 256, stream: context.gpuStream }, (into) =>
          into.pointers(latents.pointer, values.pointer, rows.pointer).ints(width, rank),
        );
        return;
      }
      const product = {
        type,
        batch: heads,
        rows: numTokens,
        columns: width,
        depth: rank,
        a: { address: latents.pointer, rowStride: rank, stride: numTokens * rank },
        b: { address: values.pointer, rowStride: rank, stride: width * rank },
        transposesB: true,
        out: { address: rows.pointer, rowStride: heads * width, stride: width },
      };
      kernels.cublas.multiply(product, context.gpuStream);
    },
  };
}
