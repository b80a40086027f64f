import type { CustomOp } from '../../onnxruntime/custom-op.ts';
import { launchFused, rowAccess } from './fused-kernels.ts';
import type { GpuKernels } from './gpu-kernels.ts';

const WARP = 32;
const MAX_THREADS = 1024;

/**
 * AddNorm: the residual stream's next value, added in float32 and rounded once, and its RMS norm times the weight
 * (kernels/portable/add-norm.cuh says what is rounded where).
 *
 * Inputs: residual [T, hidden], weight [hidden], x [T, hidden] and, optionally, a second addend [T, hidden].
 * Outputs: the norm [T, hidden], residual + x (+ second) [T, hidden].
 */
export function addNormOp(kernels: GpuKernels): CustomOp {
  const { type } = kernels;
  return {
    name: 'AddNorm',
    provider: 'cuda',
    inputs: [{ type }, { type }, { type }, { type, optional: true }],
    outputs: [{ type }, { type }],
    attributes: { epsilon: 'float' },
    compute(context) {
      const [residual, weight, x] = [context.input(0), context.input(1), context.input(2)];
      const second = context.optionalInput(3);
      const [numTokens, hidden] = residual.shape;
      const normed = context.output(0, residual.shape);
      const sum = context.output(1, residual.shape);
      const { suffix, elements } = rowAccess(type, hidden!);
      const block = Math.min(MAX_THREADS, WARP * Math.ceil(hidden! / elements / WARP));
      const launch = { grid: [numTokens!], block, stream: context.gpuStream } as const;
      launchFused(kernels, `addNorm_${type}_${suffix}`, launch, (into) =>
        into
          .pointers(residual.pointer, weight.pointer, x.pointer, second?.pointer ?? 0n, normed.pointer, sum.pointer)
          .ints(hidden!)
          .float(context.attributes['epsilon']!),
      );
    },
  };
}
