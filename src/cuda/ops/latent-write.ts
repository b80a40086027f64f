import type { CustomOp } from '../../onnxruntime/custom-op.ts';
import type { StreamType } from '../element-types.ts';
import type { KernelModule } from '../kernel-module.ts';

/**
 * LatentWrite: stores the step's latents in the pool, in place, and puts the queries of the absorbed form together
 * (kernels/portable/latent-write.cu says what the tensors hold).
 *
 * Inputs: kv [T, *], q [T, *], absorbed [heads, T, rank], norm weight [rank], cos and sin f32 [T, rope / 2],
 * slots i64 [T], pool [slots, rank + rope]. Output: query [T, heads, rank + rope].
 */
export function latentWriteOp(module: KernelModule, type: StreamType): CustomOp {
  return {
    name: 'LatentWrite',
    provider: 'cuda',
    inputs: [{ type }, { type }, { type }, { type }, { type: 'f32' }, { type: 'f32' }, { type: 'i64' }, { type }],
    outputs: [{ type }],
    attributes: { rope: 'int', kv_offset: 'int', q_offset: 'int', epsilon: 'float' },
    compute(context) {
      const { rope, kv_offset, q_offset, epsilon } = context.attributes;
      const [kv, q, absorbed, weight, cosine, sine, slots, pool] = Array.from({ length: 8 }, (_, i) =>
        context.input(i),
      );
      const [heads, numTokens, rank] = absorbed!.shape;
      const query = context.output(0, [numTokens!, heads!, rank! + rope!]);
      module.launch(
        `portableLatentWrite_${type}`,
        { grid: [numTokens!], block: 256, stream: context.gpuStream },
        (into) =>
          into
            .pointers(kv!.pointer, q!.pointer, absorbed!.pointer, weight!.pointer, cosine!.pointer, sine!.pointer)
            .pointers(slots!.pointer, pool!.pointer, query.pointer)
            .ints(numTokens!, heads!, rank!, rope!, kv!.shape[1]!, kv_offset!, q!.shape[1]!, q_offset!)
            .float(epsilon!),
      );
    },
  };
}
