import type { KernelTensor } from '../../onnxruntime/custom-op.ts';
import type { Pointer } from '../driver.ts';
import { launchFewExpansion, takesFewExpansion } from './few-head-products.ts';
import { launchFused } from './fused-kernels.ts';
import type { GpuKernels } from './gpu-kernels.ts';

/** Of the kernel for one token (kernels/portable/head-products.cuh). */
const ROWS_PER_BLOCK = 16;
/** Elements of 16 bytes. */
const ACCESS = 8;

/**
 * The weighted latents of each head times its W_UV, written as rows of all heads.
 *
 * @param latents [heads, A, rank]
 * @param weights W_UV [heads, v, rank]
 * @param rows [T, heads * v], of which the first A are written
 */
export function expandValues(
  kernels: GpuKernels,
  { latents, weights, rows }: Readonly<Record<'latents' | 'weights' | 'rows', KernelTensor>>,
  stream: Pointer,
): void {
  const [heads, numTokens, rank] = latents.shape as [number, number, number];
  const width = weights.shape[1]!;
  const addresses = { latents: latents.pointer, values: weights.pointer, rows: rows.pointer };
  if (kernels.type !== 'f32' && numTokens === 1 && rank % ACCESS === 0) {
    const grid = [Math.ceil(width / ROWS_PER_BLOCK), heads] as const;
    launchFused(kernels, `expandValues_${kernels.type}`, { grid, block: 256, stream }, (into) =>
      into.pointers(latents.pointer, weights.pointer, rows.pointer).ints(width, rank),
    );
    return;
  }
  const few = { heads, width, rank, numTokens, ...addresses };
  if (takesFewExpansion(kernels, few)) {
    launchFewExpansion(kernels, few, stream);
    return;
  }
  const product = {
    type: kernels.type,
    batch: heads,
    rows: numTokens,
    columns: width,
    depth: rank,
    a: { address: latents.pointer, rowStride: rank, stride: numTokens * rank },
    b: { address: weights.pointer, rowStride: rank, stride: width * rank },
    transposesB: true,
    out: { address: rows.pointer, rowStride: heads * width, stride: width },
  };
  kernels.cublas.multiply(product, stream);
}
