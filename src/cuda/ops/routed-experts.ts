import type { CustomOp } from '../../onnxruntime/custom-op.ts';
import type { StreamType } from '../element-types.ts';
import type { KernelModule } from '../kernel-module.ts';

const FLOAT_BYTES = 4;
/** Output values that one block of the expert kernels computes. */
const ROWS_PER_BLOCK = 8;

/**
 * RoutedExperts: routing and the routed experts' weighted sum (kernels/portable/experts.cu says what the tensors hold).
 *
 * Inputs: x [T, hidden], router logits f32 [T, experts], gate_up [experts, 2 * inter, hidden], down [experts, hidden,
 * inter]. Outputs: y [T, hidden]; then scratch: ids i32 and weights f32 [T, top_k], h f32 [T * top_k, inter].
 */
export function routedExpertsOp(module: KernelModule, type: StreamType): CustomOp {
  const weightType = type === 'f32' ? 'f32' : 'f16';
  return {
    name: 'RoutedExperts',
    provider: 'cuda',
    inputs: [{ type }, { type: 'f32' }, { type: weightType }, { type: weightType }],
    outputs: [{ type }, { type: 'i32' }, { type: 'f32' }, { type: 'f32' }],
    attributes: { top_k: 'int', groups: 'int', top_groups: 'int', normalize: 'int', scale: 'float' },
    compute(context) {
      const { top_k: topK, groups, top_groups, normalize, scale } = context.attributes;
      const [x, logits, gateUp, down] = Array.from({ length: 4 }, (_, i) => context.input(i));
      const [numTokens, hidden] = x!.shape;
      const experts = logits!.shape[1]!;
      const inter = down!.shape[2]!;
      const y = context.output(0, x!.shape);
      const ids = context.output(1, [numTokens!, topK!]);
      const weights = context.output(2, [numTokens!, topK!]);
      const h = context.output(3, [numTokens! * topK!, inter]);
      const stream = context.gpuStream;
      module.launch(
        'portableRoute',
        { grid: [numTokens!], block: 32, shared: FLOAT_BYTES * (2 * experts + groups!), stream },
        (into) =>
          into
            .pointers(logits!.pointer, ids.pointer, weights.pointer)
            .ints(numTokens!, experts, topK!, groups!, top_groups!, normalize!)
            .float(scale!),
      );
      const shape = [numTokens!, experts, topK!, hidden!, inter];
      module.launch(
        `portableExpertUp_${type}`,
        { grid: [Math.ceil(inter / ROWS_PER_BLOCK), numTokens! * topK!], block: 256, stream },
        (into) => into.pointers(x!.pointer, ids.pointer, gateUp!.pointer, h.pointer).ints(...shape),
      );
      module.launch(
        `portableExpertDown_${type}`,
        { grid: [Math.ceil(hidden! / ROWS_PER_BLOCK), numTokens!], block: 256, stream },
        (into) => into.pointers(h.pointer, ids.pointer, weights.pointer, down!.pointer, y.pointer).ints(...shape),
      );
    },
  };
}
