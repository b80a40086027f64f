import type { CustomOp } from '../../onnxruntime/custom-op.ts';
import type { GpuKernels } from './gpu-kernels.ts';
import { sizesOf } from './linear.ts';
import { launchSmallLinear, takesSmallLinear } from './small-linear.ts';
import { launchSwiGlu } from './swi-glu.ts';

/**
 * Two operators. GatedLinear is SwiGLU: y [T, width] = silu(x times the first width rows of w) * (x times the others).
 * Inputs: x [T, depth], w [2 * width, depth] (a constant, as Linear's), scratch. Output: y.
 *
 * GatedLinearScratch makes the scratch memory of all layers with the same attribute `width`, for x [T, depth]: as an output
 * of each layer that nobody reads, ONNX Runtime would keep all of them until the run ends.
 */
export function gatedLinearOps(kernels: GpuKernels): CustomOp[] {
  const { type } = kernels;
  const gated = { isGated: true } as const;
  const scratch: CustomOp = {
    name: 'GatedLinearScratch',
    provider: 'cuda',
    inputs: [{ type }],
    outputs: [{ type }],
    attributes: { width: 'int' },
    compute(context) {
      const [numTokens, depth] = context.input(0).shape as [number, number];
      const width = context.attributes['width']!;
      const isUnused = takesSmallLinear(kernels, { numTokens, depth, width, ...gated });
      context.output(0, [isUnused ? 1 : numTokens * 2 * width]);
    },
  };
  const linear: CustomOp = {
    name: 'GatedLinear',
    provider: 'cuda',
    inputs: [{ type }, { type }, { type }],
    outputs: [{ type }],
    compute(context) {
      const [x, w, both] = [0, 1, 2].map((index) => context.input(index));
      const { numTokens, depth, width: rows } = sizesOf(x!, w!);
      const width = rows / 2;
      const sizes = { numTokens, depth, width, ...gated };
      const y = context.output(0, [numTokens, width]).pointer;
      const stream = context.gpuStream;
      const pointers = { x: x!.pointer, w: w!.pointer };
      if (takesSmallLinear(kernels, sizes)) {
        return launchSmallLinear(kernels, sizes, { ...pointers, y }, stream);
      }
      kernels.cublas.multiplyRows({ type, ...pointers, y: both!.pointer, numTokens, width: rows, depth }, stream);
      launchSwiGlu(kernels, { gateUp: both!.pointer, h: y, numTokens, width }, stream);
    },
  };
  return [scratch, linear];
}
