import type { CustomOp, KernelContext, KernelTensor } from '../../onnxruntime/custom-op.ts';
import { attendToPool } from './attend-to-pool.ts';
import { expandValues } from './expand-values.ts';
import { launchFreshAttention } from './fresh-attention.ts';
import type { GpuKernels } from './gpu-kernels.ts';
import { type MlaInputs, mlaInputs, mlaInputsOf } from './mla-inputs.ts';
import { isNothing } from './nothing.ts';

const NUM_STREAM_INPUTS = mlaInputs.indexOf('pool');

/**
 * MlaAttention: multi-head latent attention, in any mix of prefill and decode. The first A tokens attend to the pool in the
 * absorbed form (kernels/portable/attention.cu says what the tensors hold); the others, which have nothing in the cache, to
 * each other in the ordinary form (kernels/hopper/attention-fresh.cu). Those see latents as they are before an 8-bit pool rounds them.
 *
 * Inputs: q [T, *], which holds heads * nope values a row from column `q_offset` on; rotary [T, heads, rope] and latents, of
 * LatentWrite; the outputs of AttentionOperands, of which the second is written; W_UV [heads, v, rank]; pool [slots, *]; first tokens
 * i32 [S + 1], context lengths i32 [S], block table i32 [S, maxBlocks]; the outputs of AttentionPlan. Output: [T, heads * v].
 */
export function mlaAttentionOp(kernels: GpuKernels): CustomOp {
  const { type, poolType } = kernels;
  const sequences = [{ type: 'i32' }, { type: 'i32' }, { type: 'i32' }] as const;
  const plan = [{ type: 'i32' }, { type: 'i32' }, { type: 'f32' }] as const;
  return {
    name: 'MlaAttention',
    provider: 'cuda',
    inputs: [...Array.from({ length: NUM_STREAM_INPUTS }, () => ({ type })), { type: poolType }, ...sequences, ...plan],
    outputs: [{ type }],
    attributes: { q_offset: 'int', page_size: 'int', scale: 'float' },
    compute(context) {
      const input = mlaInputsOf(context);
      const [rotary, absorbed, keys] = [input('rotary'), input('absorbed'), input('keys')];
      const weights = input('valueWeights');
      const [heads, width] = weights.shape as [number, number];
      const rows = context.output(0, [rotary.shape[0]!, heads * width]);
      if (!isNothing(absorbed)) {
        const weighted = input('weighted');
        attendToPool(kernels, context, input, { absorbed, rotary, weighted });
        expandValues(kernels, { latents: weighted, weights, rows }, context.gpuStream);
      }
      if (!isNothing(keys)) attendToChunks(kernels, context, input, { rotary, keys, rows });
    },
  };
}

function attendToChunks(
  kernels: GpuKernels,
  context: KernelContext,
  input: MlaInputs,
  { rotary, keys, rows }: Readonly<Record<'rotary' | 'keys' | 'rows', KernelTensor>>,
): void {
  const [q, latents, firstTokens] = [input('q'), input('latents'), input('firstTokens')];
  const [numTokens, heads, rope] = rotary.shape as [number, number, number];
  const width = latents.shape[1]!;
  const step = {
    numTokens,
    numSequences: firstTokens.shape[0]! - 1,
    heads,
    scale: context.attributes['scale']!,
    queries: { address: q.pointer, stride: q.shape[1]!, firstColumn: context.attributes['q_offset']! },
    rotary: rotary.pointer,
    keys: keys.pointer,
    rotaryKeys: { address: latents.pointer, stride: width, firstColumn: width - rope },
    values: input('values').pointer,
    firstTokens: firstTokens.pointer,
    out: rows.pointer,
  };
  launchFreshAttention(kernels, step, context.gpuStream);
}
