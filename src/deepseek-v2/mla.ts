import type { Value } from '../onnx/graph-builder.ts';
import type { AttentionEmitter, RotaryTables } from './attention.ts';
import type { EmitContext } from './emit-context.ts';
import { project } from './projections.ts';

/**
 * Multi-head latent attention in the absorbed form (paper section 2.1, HF DeepseekV2Attention): x [T, hidden] -> [T, hidden].
 * W_UK is multiplied into the query and W_UV into the result, so keys and values are never expanded: all heads attend to
 * the cached latent itself.
 */
export function emitMla(
  context: EmitContext,
  attention: AttentionEmitter,
  rotary: RotaryTables,
  x: Value,
  layer: number,
): Value {
  const attended = attention.attend(layer, project(context, x, layer), rotary); // [T, heads * v]
  return context.dense.product(context, attended, `layers.${layer}.o`);
}
