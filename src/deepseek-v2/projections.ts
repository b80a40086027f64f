import { MICROSOFT_DOMAIN, type Value } from '../onnx/graph-builder.ts';
import type { RotaryTables } from './attention.ts';
import { type EmitContext, reshape, sliceColumns, splitLast } from './emit-context.ts';
import { LATENT_NORM_EPS } from './rms-norm.ts';

/** A part of the columns of a matrix of rows, one a token. */
export interface Columns {
  /** [T, *] */
  readonly rows: Value;
  readonly offset: number;
}

/** What the hidden states of one layer become before they meet the cache. */
export interface Projections {
  /** Non-rotary parts of the queries of all heads (heads * nope), then their rotary parts (heads * rope). */
  readonly query: Columns;
  /** Compressed latent (rank), not yet normalised, then the shared rotary key (rope), not yet rotated. */
  readonly latent: Columns;
}

/** The query and latent projections of a layer: x [T, hidden]. One product where both have the same input. */
export function project(context: EmitContext, x: Value, layer: number): Projections {
  const { numHeads, qkNopeHeadDim, qkRopeHeadDim, qLoraRank } = context.config;
  const prefix = `layers.${layer}.`;
  if (qLoraRank === null) {
    const rows = context.dense.product(context, x, `${prefix}q_kv_a`);
    const latentOffset = numHeads * (qkNopeHeadDim + qkRopeHeadDim);
    return { query: { rows, offset: 0 }, latent: { rows, offset: latentOffset } };
  }
  const all = context.dense.product(context, x, `${prefix}q_a_kv_a`);
  const normed = context.fusions.normOfFirst(context, all, `${prefix}q_a_norm`, LATENT_NORM_EPS);
  return {
    query: { rows: context.dense.product(context, normed, `${prefix}q_b`), offset: 0 },
    latent: { rows: all, offset: qLoraRank },
  };
}

/** The parts of {@link Projections} as tensors of their own. */
export interface SplitProjections {
  /** [T, heads * nope] */
  readonly nope: Value;
  /** [T, heads * rope] */
  readonly rope: Value;
  /** [T, rank] */
  readonly compressed: Value;
  /** [T, rope] */
  readonly keyRope: Value;
}

/** Cuts the projections apart; one operator where they came from one product. */
export function splitProjections(context: EmitContext, { query, latent }: Projections): SplitProjections {
  const { numHeads, qkNopeHeadDim, qkRopeHeadDim, kvLoraRank } = context.config;
  const queryWidths = [numHeads * qkNopeHeadDim, numHeads * qkRopeHeadDim];
  const keyRopeAt = latent.offset + kvLoraRank;
  const parts =
    query.rows === latent.rows
      ? splitLast(context, query.rows, [...queryWidths, kvLoraRank, qkRopeHeadDim])
      : [
          ...splitLast(context, query.rows, queryWidths),
          sliceColumns(context, latent.rows, latent.offset, keyRopeAt),
          sliceColumns(context, latent.rows, keyRopeAt, keyRopeAt + qkRopeHeadDim),
        ];
  const [nope, rope, compressed, keyRope] = parts;
  return { nope: nope!, rope: rope!, compressed: compressed!, keyRope: keyRope! };
}

/** Non-rotary query parts [T, heads * nope] times W_UK: [heads, T, rank]. */
export function absorbKeys(context: EmitContext, nope: Value, layer: number): Value {
  const { numHeads, qkNopeHeadDim } = context.config;
  const byHead = swapHeadsAndTokens(context, reshape(context, nope, [-1, numHeads, qkNopeHeadDim])); // [heads, T, nope]
  const prefix = `layers.${layer}.`;
  return context.graph.node('MatMul', [byHead, context.weight(`${prefix}w_uk`)], { label: prefix });
}

/** Weighted latents [heads, T, rank] times W_UV: [T, heads * v]. */
export function expandValues(context: EmitContext, latents: Value, layer: number): Value {
  const { graph, config } = context;
  const prefix = `layers.${layer}.`;
  const values = graph.node('FusedMatMul', [latents, context.weight(`${prefix}w_uv`)], {
    domain: MICROSOFT_DOMAIN,
    attributes: { transB: 1 },
    label: prefix,
  }); // [heads, T, v]
  return reshape(context, swapHeadsAndTokens(context, values), [-1, config.numHeads * config.vHeadDim]);
}

/** [T, heads, n] <-> [heads, T, n] */
export function swapHeadsAndTokens(context: EmitContext, x: Value): Value {
  return context.graph.node('Transpose', [x], { attributes: { perm: [1, 0, 2] } });
}

/**
 * Rotates interleaved pairs (x0, x1) of every head: x [T, heads * rope] -> same shape.
 * @param tokenIndex i64 [1, T], counting tokens
 */
export function rotate(context: EmitContext, x: Value, heads: number, rotary: RotaryTables, tokenIndex: Value): Value {
  const { graph, config } = context;
  const width = heads * config.qkRopeHeadDim;
  const batched = reshape(context, x, [1, -1, width]); // [1, T, heads * rope]
  const rotated = graph.node('RotaryEmbedding', [batched, tokenIndex, rotary.cos, rotary.sin], {
    domain: MICROSOFT_DOMAIN,
    attributes: { interleaved: 1 },
  });
  return reshape(context, rotated, [-1, width]);
}
