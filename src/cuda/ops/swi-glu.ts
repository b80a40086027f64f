import type { CustomOp } from '../../onnxruntime/custom-op.ts';
import { launchFused, rowAccess } from './fused-kernels.ts';
import type { GpuKernels } from './gpu-kernels.ts';

/** Small, so that one token is spread over several multiprocessors. */
const THREADS = 128;

/**
 * SwiGlu: silu(gate) * up, computed in float32 and rounded once (kernels/portable/swiglu.cuh).
 *
 * Input: gate_up [T, 2 * width], all of gate first. Output: [T, width].
 */
export function swiGluOp(kernels: GpuKernels): CustomOp {
  const { type } = kernels;
  return {
    name: 'SwiGlu',
    provider: 'cuda',
    inputs: [{ type }],
    outputs: [{ type }],
    compute(context) {
      const gateUp = context.input(0);
      const numTokens = gateUp.shape[0]!;
      const width = gateUp.shape[1]! / 2;
      const h = context.output(0, [numTokens, width]);
      const { suffix, elements } = rowAccess(type, width);
      const grid = [Math.ceil((numTokens * width) / elements / THREADS)] as const;
      launchFused(kernels, `swiGlu_${type}_${suffix}`, { grid, block: THREADS, stream: context.gpuStream }, (into) =>
        into.pointers(gateUp.pointer, h.pointer).ints(numTokens, width),
      );
    },
  };
}
