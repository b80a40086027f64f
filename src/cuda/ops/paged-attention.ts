import type { CustomOp } from '../../onnxruntime/custom-op.ts';
import type { StreamType } from '../element-types.ts';
import type { KernelModule } from '../kernel-module.ts';

const WARPS = 8;
const FLOAT_BYTES = 4;

/**
 * PagedAttention: all heads attend to the cached latents, in any mix of prefill and decode
 * (kernels/portable/attention.cu says what the tensors hold).
 *
 * Inputs: query [T, heads, rank + rope], pool [slots, rank + rope], first tokens i32 [S + 1], context lengths i32 [S],
 * block table i32 [S, maxBlocks]. Output: weighted latents [heads, T, rank].
 */
export function pagedAttentionOp(module: KernelModule, type: StreamType): CustomOp {
  return {
    name: 'PagedAttention',
    provider: 'cuda',
    inputs: [{ type }, { type }, { type: 'i32' }, { type: 'i32' }, { type: 'i32' }],
    outputs: [{ type }],
    attributes: { rope: 'int', page_size: 'int', scale: 'float' },
    compute(context) {
      const { rope, page_size, scale } = context.attributes;
      const [query, pool, firstTokens, contextLengths, blockTable] = Array.from({ length: 5 }, (_, i) =>
        context.input(i),
      );
      const [numTokens, heads, width] = query!.shape;
      const rank = width! - rope!;
      const [numSequences, maxBlocks] = blockTable!.shape;
      const out = context.output(0, [heads!, numTokens!, rank]);
      module.launch(
        `portableAttention_${type}`,
        {
          grid: [numTokens!, heads!],
          block: 32 * WARPS,
          shared: FLOAT_BYTES * (width! + WARPS * (rank + 2)),
          stream: context.gpuStream,
        },
        (into) =>
          into
            .pointers(query!.pointer, pool!.pointer, firstTokens!.pointer, contextLengths!.pointer)
            .pointers(blockTable!.pointer, out.pointer)
            .ints(numTokens!, numSequences!, heads!, rank, rope!, page_size!, maxBlocks!)
            .float(scale!),
      );
    },
  };
}
