import type { CustomOp } from '../../onnxruntime/custom-op.ts';
import type { Pointer } from '../driver.ts';
import { launchFused, rowAccess } from './fused-kernels.ts';
import type { GpuKernels } from './gpu-kernels.ts';

const WARP = 32;
const MAX_THREADS = 1024;

/** What is added to the residual stream, and where the results go; [T, hidden] each but for the weight [hidden]. */
export interface NormedSumTensors {
  readonly residual: Pointer;
  /** Null: there is none. */
  readonly second: Pointer | null;
  readonly weight: Pointer;
  readonly normed: Pointer;
  readonly sum: Pointer;
  readonly epsilon: number;
}

/**
 * AddNorm: the residual stream's next value, added in float32 and rounded once, and its RMS norm times the weight
 * (kernels/portable/add-norm.cuh says what is rounded where).
 *
 * Inputs: residual [T, hidden], weight [hidden], x [T, hidden].
 * Outputs: the norm [T, hidden], residual + x [T, hidden].
 */
export function addNormOp(kernels: GpuKernels): CustomOp {
  const { type } = kernels;
  return {
    name: 'AddNorm',
    provider: 'cuda',
    inputs: [{ type }, { type }, { type }],
    outputs: [{ type }, { type }],
    attributes: { epsilon: 'float' },
    compute(context) {
      const [residual, weight, x] = [context.input(0), context.input(1), context.input(2)];
      const [numTokens, hidden] = residual.shape as [number, number];
      const tensors = {
        residual: residual.pointer,
        second: null,
        weight: weight.pointer,
        normed: context.output(0, residual.shape).pointer,
        sum: context.output(1, residual.shape).pointer,
        epsilon: context.attributes['epsilon']!,
      };
      launchAddNorm(kernels, { numTokens, hidden, x: x.pointer, ...tensors }, context.gpuStream);
    },
  };
}

/** Enqueues the addition of x (and `second`) and the norm. */
export function launchAddNorm(
  kernels: GpuKernels,
  tensors: NormedSumTensors & { readonly numTokens: number; readonly hidden: number; readonly x: Pointer },
  stream: Pointer,
): void {
  const { numTokens, hidden, residual, weight, x, second, normed, sum, epsilon } = tensors;
  const { type } = kernels;
  const { suffix, elements } = rowAccess(type, hidden);
  const launch = { grid: [numTokens], block: threadsFor(hidden, elements), stream } as const;
  launchFused(kernels, `addNorm_${type}_${suffix}`, launch, (into) =>
    into
      .pointers(residual, weight, x, second ?? 0n, normed, sum)
      .ints(hidden)
      .float(epsilon),
  );
}

/** Whole warps for a row of which each thread takes so many elements at a time. */
export function threadsFor(width: number, elements: number, maxThreads = MAX_THREADS): number {
  return Math.min(maxThreads, WARP * Math.ceil(width / elements / WARP));
}
