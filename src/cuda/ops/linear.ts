import type { CustomOp, KernelTensor } from '../../onnxruntime/custom-op.ts';
import { launchFewLinear, takesFewLinear } from './few-linear.ts';
import type { GpuKernels } from './gpu-kernels.ts';
import { launchSmallLinear, takesSmallLinear } from './small-linear.ts';

/**
 * Two operators. Linear: y [T, width] = x [T, depth] times w transposed, summed in float32, rounded once. LinearF32: the same without rounding.
 *
 * Inputs: x [T, depth], w [width, depth]. Output: y. **w must be a constant of the graph**: it may be read before the kernels ahead
 * have finished.
 */
export function linearOps(kernels: GpuKernels): CustomOp[] {
  return [linearOp(kernels, false), linearOp(kernels, true)];
}

function linearOp(kernels: GpuKernels, isWide: boolean): CustomOp {
  const { type } = kernels;
  const outType = isWide ? 'f32' : type;
  return {
    name: isWide ? 'LinearF32' : 'Linear',
    provider: 'cuda',
    inputs: [{ type }, { type }],
    outputs: [{ type: outType }],
    compute(context) {
      const [x, w] = [context.input(0), context.input(1)];
      const sizes = { ...sizesOf(x, w), isGated: false, isWide };
      const y = context.output(0, [sizes.numTokens, sizes.width]).pointer;
      const pointers = { x: x.pointer, w: w.pointer, y };
      if (takesSmallLinear(kernels, sizes)) launchSmallLinear(kernels, sizes, pointers, context.gpuStream);
      else if (takesFewLinear(kernels, sizes)) launchFewLinear(kernels, sizes, pointers, context.gpuStream);
      else kernels.cublas.multiplyRows({ type, outType, ...pointers, ...sizes }, context.gpuStream);
    },
  };
}

/** The sizes of x times w transposed. */
export function sizesOf(x: KernelTensor, w: KernelTensor): { numTokens: number; depth: number; width: number } {
  return { numTokens: x.shape[0]!, depth: x.shape[1]!, width: w.shape[0]! };
}
