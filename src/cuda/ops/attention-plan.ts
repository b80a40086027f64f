import type { CustomOp } from '../../onnxruntime/custom-op.ts';
import type { GpuKernels } from './gpu-kernels.ts';
import { decodeSplit, fitsHopperAttention, launchPlan, planSizes } from './hopper-attention.ts';

/**
 * AttentionPlan: what every layer's MlaAttention needs to know of the step, once for all of them.
 *
 * Inputs: first tokens i32 [S + 1], context lengths i32 [S]. Outputs: plan i32, lengths i32 [S] (cached tokens with the
 * step's own), partial results f32: scratch memory that the layers use one after another.
 */
export function attentionPlanOp(kernels: GpuKernels): CustomOp {
  return {
    name: 'AttentionPlan',
    provider: 'cuda',
    inputs: [{ type: 'i32' }, { type: 'i32' }],
    outputs: [{ type: 'i32' }, { type: 'i32' }, { type: 'f32' }],
    attributes: { heads: 'int', rank: 'int', rope: 'int', page_size: 'int' },
    compute(context) {
      const { heads, rank, rope, page_size } = context.attributes;
      const sizes = { heads: heads!, rank: rank!, rope: rope!, pageSize: page_size! };
      const firstTokens = context.input(0).pointer;
      const contextLengths = context.input(1);
      const numSequences = contextLengths.shape[0]!;
      const isPlanned = fitsHopperAttention(kernels, sizes);
      const split = decodeSplit(kernels, heads!);
      const { plan, partials } = isPlanned ? planSizes(split, kernels.step.numDecodes) : { plan: 1, partials: 1 };
      const pointers = {
        firstTokens,
        contextLengths: contextLengths.pointer,
        plan: context.output(0, [plan]).pointer,
        lengths: context.output(1, [numSequences]).pointer,
      };
      context.output(2, [partials]);
      if (isPlanned) launchPlan(kernels, split, numSequences, pointers, context.gpuStream);
    },
  };
}
