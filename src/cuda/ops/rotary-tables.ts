import type { CustomOp } from '../../onnxruntime/custom-op.ts';
import { launchFused } from './fused-kernels.ts';
import type { GpuKernels } from './gpu-kernels.ts';

const THREADS = 128;

/**
 * RotaryTables: cosine and sine of each token's angles, computed once a step in float32 as HF DeepseekV2RotaryEmbedding does
 * (kernels/portable/rotary-tables.cuh): no table to size by context length.
 *
 * Inputs: positions i64 [T], radians per position f32 [rope / 2]. Attribute `factor`: on both.
 * Outputs: cos, sin f32 [T, rope / 2].
 */
export function rotaryTablesOp(kernels: GpuKernels): CustomOp {
  return {
    name: 'RotaryTables',
    provider: 'cuda',
    inputs: [{ type: 'i64' }, { type: 'f32' }],
    outputs: [{ type: 'f32' }, { type: 'f32' }],
    attributes: { factor: 'float' },
    compute(context) {
      const [positions, frequencies] = [context.input(0), context.input(1)];
      const shape = [positions.shape[0]!, frequencies.shape[0]!] as const;
      const [cos, sin] = [context.output(0, shape), context.output(1, shape)];
      const [numTokens, half] = shape;
      const count = numTokens * half;
      const launch = { grid: [Math.ceil(count / THREADS)], block: THREADS, stream: context.gpuStream } as const;
      launchFused(kernels, 'rotaryTables', launch, (into) =>
        into
          .pointers(positions.pointer, frequencies.pointer, cos.pointer, sin.pointer)
          .ints(count, half)
          .float(context.attributes['factor']!),
      );
    },
  };
}
