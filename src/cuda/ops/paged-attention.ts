import type { CustomOp, KernelContext } from '../../onnxruntime/custom-op.ts';
import type { GpuKernels } from './gpu-kernels.ts';
import { fitsHopperAttention, launchHopperAttention } from './hopper-attention.ts';

const WARPS = 8;
const FLOAT_BYTES = 4;
/** Of the types that the Hopper kernels take. */
const ELEMENT_BYTES = 2;

/**
 * PagedAttention: all heads attend to the cached latents, in any mix of prefill and decode
 * (kernels/portable/attention.cu says what the tensors hold).
 *
 * Inputs: absorbed [heads, T, rank], rotary [T, heads, rope], pool [slots, *], first tokens i32 [S + 1],
 * context lengths i32 [S], block table i32 [S, maxBlocks], then the outputs of AttentionPlan.
 * Output: weighted latents [heads, T, rank].
 */
export function pagedAttentionOp(kernels: GpuKernels): CustomOp {
  const { type, poolType } = kernels;
  const sequences = [{ type: 'i32' }, { type: 'i32' }, { type: 'i32' }] as const;
  const plan = [{ type: 'i32' }, { type: 'i32' }, { type: 'f32' }] as const;
  return {
    name: 'PagedAttention',
    provider: 'cuda',
    inputs: [{ type }, { type }, { type: poolType }, ...sequences, ...plan],
    outputs: [{ type }],
    attributes: { page_size: 'int', scale: 'float' },
    compute(context) {
      const [heads, , rank] = context.input(0).shape;
      const rope = context.input(1).shape[2];
      const sizes = { heads: heads!, rank: rank!, rope: rope!, pageSize: context.attributes['page_size']! };
      if (fitsHopperAttention(kernels, sizes)) computeOnHopper(kernels, context);
      else computePortably(kernels, context);
    },
  };
}

function computeOnHopper(kernels: GpuKernels, context: KernelContext): void {
  const [absorbed, rotary, pool, firstTokens, , blockTable, plan, lengths, partials] = Array.from(
    { length: 9 },
    (_, i) => context.input(i),
  );
  const [heads, numTokens] = absorbed!.shape;
  const [numSequences, maxBlocks] = blockTable!.shape;
  const step = {
    numTokens: numTokens!,
    numSequences: numSequences!,
    maxBlocks: maxBlocks!,
    scale: context.attributes['scale']!,
    pool: pool!.pointer,
    numSlots: pool!.shape[0]!,
    slotBytes: pool!.shape[1]! * (kernels.poolType === 'u8' ? 1 : ELEMENT_BYTES),
    absorbed: absorbed!.pointer,
    rotary: rotary!.pointer,
    firstTokens: firstTokens!.pointer,
    blockTable: blockTable!.pointer,
    lengths: lengths!.pointer,
    plan: plan!.pointer,
    partials: partials!.pointer,
    out: context.output(0, absorbed!.shape).pointer,
  };
  launchHopperAttention(kernels, heads!, step, context.gpuStream);
}

function computePortably({ modules, type, poolSuffix }: GpuKernels, context: KernelContext): void {
  const { page_size, scale } = context.attributes;
  const [absorbed, rotary, pool, firstTokens, contextLengths, blockTable] = Array.from({ length: 6 }, (_, i) =>
    context.input(i),
  );
  const [heads, numTokens, rank] = absorbed!.shape;
  const rope = rotary!.shape[2]!;
  const [numSequences, maxBlocks] = blockTable!.shape;
  const out = context.output(0, absorbed!.shape);
  modules.get('portable-attention.ptx').launch(
    `portableAttention${poolSuffix}_${type}`,
    {
      grid: [numTokens!, heads!],
      block: 32 * WARPS,
      shared: FLOAT_BYTES * (rank! + rope + WARPS * (rank! + 2)),
      stream: context.gpuStream,
    },
    (into) =>
      into
        .pointers(absorbed!.pointer, rotary!.pointer, pool!.pointer, firstTokens!.pointer, contextLengths!.pointer)
        .pointers(blockTable!.pointer, out.pointer)
        .ints(numTokens!, numSequences!, heads!, rank!, rope, page_size!, maxBlocks!)
        .float(scale!),
  );
}
