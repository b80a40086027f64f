import { MICROSOFT_DOMAIN, type Value } from '../onnx/graph-builder.ts';
import type { AttentionEmitter, RotaryTables } from './attention.ts';
import { type EmitContext, linear, reshape } from './emit-context.ts';
import { project, swapHeadsAndTokens } from './projections.ts';

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
  const { graph, config } = context;
  const prefix = `layers.${layer}.`;
  const mixed = attention.attend(layer, project(context, x, layer), rotary); // [heads, T, rank]
  const values = graph.node('FusedMatMul', [mixed, context.weight(`${prefix}w_uv`)], {
    domain: MICROSOFT_DOMAIN,
    attributes: { transB: 1 },
    label: prefix,
  }); // [heads, T, v]
  const flat = reshape(context, swapHeadsAndTokens(context, values), [-1, config.numHeads * config.vHeadDim]);
  return linear(context, flat, `${prefix}o`);
}
