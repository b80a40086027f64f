import { MICROSOFT_DOMAIN, type Value } from '../onnx/graph-builder.ts';
import type { AttentionEmitter } from './attention.ts';
import { type EmitContext, linear, reshape, splitLast } from './emit-context.ts';
import { LATENT_NORM_EPS, rmsNorm } from './rms-norm.ts';

/** cos and sin of the step's positions, f32 [T, rope / 2], and i64 [1, T] counting tokens. */
export interface RotaryTables {
  readonly cos: Value;
  readonly sin: Value;
  readonly tokenIndex: Value;
}

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
  const { numHeads, qkNopeHeadDim, qkRopeHeadDim, vHeadDim } = config;
  const prefix = `layers.${layer}.`;
  const { nope, rope, compressed, keyRope } = projections(context, x, prefix);

  const latent = graph.node(
    'Concat',
    [rmsNorm(context, compressed, `${prefix}kv_a_norm`, LATENT_NORM_EPS), rotate(context, keyRope, 1, rotary)],
    { attributes: { axis: -1 } },
  ); // [T, rank + rope]

  const nopeByHead = transpose(context, reshape(context, nope, [-1, numHeads, qkNopeHeadDim])); // [heads, T, nope]
  const absorbed = graph.node('MatMul', [nopeByHead, context.weight(`${prefix}w_uk`)], { label: prefix }); // [heads, T, rank]
  const rotated = reshape(context, rotate(context, rope, numHeads, rotary), [-1, numHeads, qkRopeHeadDim]);
  const query = graph.node('Concat', [transpose(context, absorbed), rotated], { attributes: { axis: -1 } }); // [T, heads, rank + rope]

  const mixed = transpose(context, attention.attend(layer, query, latent)); // [heads, T, rank]
  const values = graph.node('FusedMatMul', [mixed, context.weight(`${prefix}w_uv`)], {
    domain: MICROSOFT_DOMAIN,
    attributes: { transB: 1 },
    label: prefix,
  }); // [heads, T, v]
  const flat = reshape(context, transpose(context, values), [-1, numHeads * vHeadDim]); // [T, heads * v]
  return linear(context, flat, `${prefix}o`);
}

/** Swaps the first two axes: heads and tokens. */
function transpose(context: EmitContext, x: Value): Value {
  return context.graph.node('Transpose', [x], { attributes: { perm: [1, 0, 2] } });
}

interface Projections {
  /** [T, heads * nope] */
  readonly nope: Value;
  /** [T, heads * rope], not yet rotated */
  readonly rope: Value;
  /** [T, rank], not yet normalised */
  readonly compressed: Value;
  /** [T, rope], not yet rotated */
  readonly keyRope: Value;
}

function projections(context: EmitContext, x: Value, prefix: string): Projections {
  const { numHeads, qkNopeHeadDim, qkRopeHeadDim, qLoraRank, kvLoraRank } = context.config;
  const queryWidths = [numHeads * qkNopeHeadDim, numHeads * qkRopeHeadDim];
  const latentWidths = [kvLoraRank, qkRopeHeadDim];
  if (qLoraRank === null) {
    const all = linear(context, x, `${prefix}q_kv_a`);
    const [nope, rope, compressed, keyRope] = splitLast(context, all, [...queryWidths, ...latentWidths]);
    return { nope: nope!, rope: rope!, compressed: compressed!, keyRope: keyRope! };
  }
  const all = linear(context, x, `${prefix}q_a_kv_a`);
  const [qLatent, compressed, keyRope] = splitLast(context, all, [qLoraRank, ...latentWidths]);
  const normed = rmsNorm(context, qLatent!, `${prefix}q_a_norm`, LATENT_NORM_EPS);
  const [nope, rope] = splitLast(context, linear(context, normed, `${prefix}q_b`), queryWidths);
  return { nope: nope!, rope: rope!, compressed: compressed!, keyRope: keyRope! };
}

/** Rotates interleaved pairs (x0, x1) of every head: x [T, heads * rope] -> same shape. */
function rotate(context: EmitContext, x: Value, heads: number, rotary: RotaryTables): Value {
  const { graph, config } = context;
  const width = heads * config.qkRopeHeadDim;
  const batched = reshape(context, x, [1, -1, width]); // [1, T, heads * rope]
  const rotated = graph.node('RotaryEmbedding', [batched, rotary.tokenIndex, rotary.cos, rotary.sin], {
    domain: MICROSOFT_DOMAIN,
    attributes: { interleaved: 1 },
  });
  return reshape(context, rotated, [-1, width]);
}
