import type { CustomOp } from '../../onnxruntime/custom-op.ts';
import { threadsFor } from './add-norm.ts';
import { launchFused, rowAccess } from './fused-kernels.ts';
import type { GpuKernels } from './gpu-kernels.ts';

/**
 * RmsNorm: the RMS norm of the first columns of each row, in float32, times the weight, rounded once (kernels/portable/add-norm.cuh).
 *
 * Inputs: x [T, *], weight [width]. Output: [T, width].
 */
export function rmsNormOp(kernels: GpuKernels): CustomOp {
  const { type } = kernels;
  return {
    name: 'RmsNorm',
    provider: 'cuda',
    inputs: [{ type }, { type }],
    outputs: [{ type }],
    attributes: { epsilon: 'float' },
    compute(context) {
      const [x, weight] = [context.input(0), context.input(1)];
      const [numTokens, stride] = x.shape as [number, number];
      const width = weight.shape[0]!;
      const normed = context.output(0, [numTokens, width]);
      // Whole accesses where the columns' end and the rows' lie on their boundaries.
      const isWide = [width, stride].every((elements) => rowAccess(type, elements).suffix === 'wide');
      const { suffix, elements } = isWide ? rowAccess(type, width) : { suffix: 'any', elements: 1 };
      const launch = { grid: [numTokens], block: threadsFor(width, elements), stream: context.gpuStream } as const;
      launchFused(kernels, `rmsNorm_${type}_${suffix}`, launch, (into) =>
        into
          .pointers(x.pointer, weight.pointer, normed.pointer)
          .ints(stride, width)
          .float(context.attributes['epsilon']!),
      );
    },
  };
}
