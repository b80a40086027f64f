import type { CustomOp } from '../../onnxruntime/custom-op.ts';
import type { GpuKernels } from './gpu-kernels.ts';
import { NOTHING } from './nothing.ts';

/** What kernels/hopper/latent-write.cu is written for; its accesses take 8 elements. */
const RANK = 512;
const ROPE = 64;
const ELEMENTS_OF_ACCESS = 8;

/**
 * LatentWrite: stores the step's latents in the pool, in place, and rotates the rotary parts of the queries
 * (kernels/portable/latent-write.cu says what the tensors hold). Where chunks may attend to nothing but themselves, the step's latents are an
 * output as well.
 *
 * Inputs: kv [T, *], q [T, *], norm weight [rank], cos and sin f32 [T, rope / 2], slots i64 [T],
 * pool [slots, *]. Outputs: rotary [T, heads, rope]; the latents of tokens that have a slot, in the stream's type, [T, rank + rope], or
 * nothing ([1]).
 */
export function latentWriteOp(kernels: GpuKernels): CustomOp {
  const { type, poolType, poolSuffix, modules } = kernels;
  return {
    name: 'LatentWrite',
    provider: 'cuda',
    inputs: [{ type }, { type }, { type }, { type: 'f32' }, { type: 'f32' }, { type: 'i64' }, { type: poolType }],
    outputs: [{ type }, { type }],
    attributes: { heads: 'int', rope: 'int', kv_offset: 'int', q_offset: 'int', epsilon: 'float' },
    compute(context) {
      const { heads, rope, kv_offset, q_offset, epsilon } = context.attributes;
      const [kv, q, weight, cosine, sine, slots, pool] = Array.from({ length: 7 }, (_, i) => context.input(i));
      const numTokens = kv!.shape[0]!;
      const rank = weight!.shape[0]!;
      const kvStride = kv!.shape[1]!;
      const qStride = q!.shape[1]!;
      const rotary = context.output(0, [numTokens, heads!, rope!]);
      const isAligned = [kvStride, kv_offset!, qStride, q_offset!].every((n) => n % ELEMENTS_OF_ACCESS === 0);
      const isHopper = kernels.hopperType !== null && rank === RANK && rope === ROPE && isAligned;
      const givesLatents = isHopper && kernels.step.firstFreshToken < numTokens;
      const latents = context.output(1, givesLatents ? [numTokens, rank + rope!] : NOTHING);
      const module = modules.get(isHopper ? 'hopper-latent-write.cubin' : 'portable-latent-write.ptx');
      module.launch(
        `${isHopper ? 'latentWrite' : 'portableLatentWrite'}${poolSuffix}_${type}`,
        { grid: [numTokens], block: isHopper ? 128 : 256, stream: context.gpuStream, overlapsPrevious: isHopper },
        (into) => {
          into
            .pointers(kv!.pointer, q!.pointer, weight!.pointer, cosine!.pointer, sine!.pointer)
            .pointers(slots!.pointer, pool!.pointer, rotary.pointer);
          if (isHopper) into.pointers(givesLatents ? latents.pointer : 0n);
          into.ints(numTokens, heads!, rank, rope!, kvStride, kv_offset!, qStride, q_offset!).float(epsilon!);
        },
      );
    },
  };
}
