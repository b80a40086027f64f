import type { Value } from '../onnx/graph-builder.ts';
import type { Projections } from './projections.ts';

/** cos and sin of the step's positions, f32 [T, rope / 2]. */
export interface RotaryTables {
  readonly cos: Value;
  readonly sin: Value;
}

/**
 * How queries meet the cache. The rest of the model works on flat tokens [T, ...] and does not know which sequence a
 * token belongs to; an attention emitter declares the graph inputs that say so. Two exist (docs/architecture.md):
 *
 * - CPU ({@link CpuAttention}): plain operators over blocks gathered from the pool; new latents leave the graph as
 *   outputs and the rank stores them.
 * - CUDA ({@link CudaAttention}): custom operators over the paged pool in place. Inputs, all of them read on the device:
 *   first tokens of the sequences [S + 1], context lengths [S], block table [S, maxBlocks], slots of the new latents
 *   [T]. Any mix of prefill and decode in one step.
 *
 * Token ids [T], positions [T] and the rows whose logits are wanted [R] are common to both.
 */
export interface AttentionEmitter {
  /**
   * Attention of one layer, in the absorbed form (paper section 2.1.2): W_UK is multiplied into the queries and W_UV into the result. Where nothing is
   * cached, a GPU may expand keys and values instead.
   * @returns [T, heads * vHeadDim]
   */
  attend(layer: number, projections: Projections, rotary: RotaryTables): Value;
  /** Declares outputs after the last layer. */
  finish(): void;
}
