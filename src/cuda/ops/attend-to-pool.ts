import type { KernelContext, KernelTensor } from '../../onnxruntime/custom-op.ts';
import type { GpuKernels } from './gpu-kernels.ts';
import { fitsHopperAttention, launchHopperAttention } from './hopper-attention.ts';
import type { MlaInputs } from './mla-inputs.ts';

const WARPS = 8;
const FLOAT_BYTES = 4;
/** Of the types that the Hopper kernels take. */
const ELEMENT_BYTES = 2;

/** absorbed and weighted [heads, A, rank] of the step's first A tokens, the latter written; rotary [T, heads, rope] */
type AbsorbedTensors = Readonly<Record<'absorbed' | 'rotary' | 'weighted', KernelTensor>>;

/** Attention of the step's first tokens to the cached latents, which all heads share. */
export function attendToPool(
  kernels: GpuKernels,
  context: KernelContext,
  input: MlaInputs,
  tensors: AbsorbedTensors,
): void {
  const [heads, , rank] = tensors.absorbed.shape as [number, number, number];
  const rope = tensors.rotary.shape[2]!;
  const sizes = { heads, rank, rope, pageSize: context.attributes['page_size']! };
  if (fitsHopperAttention(kernels, sizes)) attendOnHopper(kernels, context, input, tensors);
  else attendPortably(kernels, context, input, tensors);
}

function attendOnHopper(
  kernels: GpuKernels,
  context: KernelContext,
  input: MlaInputs,
  { absorbed, rotary, weighted }: AbsorbedTensors,
): void {
  const [heads, numTokens] = absorbed.shape as [number, number];
  const [pool, blockTable] = [input('pool'), input('blockTable')];
  const [numSequences, maxBlocks] = blockTable.shape as [number, number];
  // A few fresh tokens attend to the pool as well (attention-operands.ts).
  const areAll = numTokens === rotary.shape[0];
  const step = {
    numTokens,
    numSequences: areAll ? numSequences : kernels.step.firstFreshSequence,
    maxBlocks,
    scale: context.attributes['scale']!,
    pool: pool.pointer,
    numSlots: pool.shape[0]!,
    slotBytes: pool.shape[1]! * (kernels.code === null ? ELEMENT_BYTES : 1),
    absorbed: absorbed.pointer,
    rotary: rotary.pointer,
    firstTokens: input('firstTokens').pointer,
    blockTable: blockTable.pointer,
    lengths: input('lengths').pointer,
    plan: input('plan').pointer,
    partials: input('partials').pointer,
    out: weighted.pointer,
  };
  launchHopperAttention(kernels, heads, step, context.gpuStream);
}

function attendPortably(
  { modules, type, poolSuffix }: GpuKernels,
  context: KernelContext,
  input: MlaInputs,
  { absorbed, rotary, weighted }: AbsorbedTensors,
): void {
  const { page_size, scale } = context.attributes;
  const [pool, firstTokens, contextLengths] = [input('pool'), input('firstTokens'), input('contextLengths')];
  const blockTable = input('blockTable');
  const [heads, numTokens, rank] = absorbed.shape as [number, number, number];
  const rope = rotary.shape[2]!;
  const [numSequences, maxBlocks] = blockTable.shape as [number, number];
  modules.get('portable-attention.ptx').launch(
    `portableAttention${poolSuffix}_${type}`,
    {
      grid: [numTokens, heads],
      block: 32 * WARPS,
      shared: FLOAT_BYTES * (rank + rope + WARPS * (rank + 2)),
      stream: context.gpuStream,
    },
    (into) =>
      into
        .pointers(absorbed.pointer, rotary.pointer, pool.pointer, firstTokens.pointer, contextLengths.pointer)
        .pointers(blockTable.pointer, weighted.pointer)
        .ints(numTokens, numSequences, heads, rank, rope, page_size!, maxBlocks)
        .float(scale!),
  );
}
