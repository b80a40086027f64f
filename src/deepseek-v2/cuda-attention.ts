import { LATENT_SERVE_DOMAIN } from '../cuda/custom-op-domain.ts';
import type { Value } from '../onnx/graph-builder.ts';
import type { AttentionEmitter, RotaryTables } from './attention.ts';
import type { EmitContext } from './emit-context.ts';
import { type KvCacheDtype, latentRow } from './latent-row.ts';
import type { Projections } from './projections.ts';
import { LATENT_NORM_EPS } from './rms-norm.ts';
import { softmaxScale } from './rope.ts';

/** Names of the inputs of the CUDA attention contract; the runner fills them, the rank binds them. */
export const cudaAttentionNames = {
  /** [numBlocks * blockSize, columns of a latentRow], one pool per layer; written in place. */
  pool: (layer: number): string => `pool.${layer}`,
  /** i64 [T]: slot of each token's latent; negative: the latent is dropped (padding). */
  slots: 'slots',
  /** i32 [S + 1]: flat index of each sequence's first token, then the number of tokens that belong to sequences. */
  firstTokens: 'first_tokens',
  /** i32 [S]: tokens cached before this step. */
  contextLengths: 'context_lengths',
  /** i32 [S, maxBlocks] */
  blockTable: 'block_table',
} as const;

/** Numbers of outputs of the operators. */
const PLAN_OUTPUTS = 3;
const WRITE_OUTPUTS = 2;
const OPERAND_OUTPUTS = 4;

/** Attention by the custom operators of cuda/ops, over the pool in place; lengths are read on the device. */
export class CudaAttention implements AttentionEmitter {
  readonly #context: EmitContext;
  readonly #blockSize: number;
  readonly #pools: readonly Value[];
  readonly #slots: Value;
  readonly #sequences: readonly Value[];
  /** Of the step, for all layers. */
  readonly #plan: readonly Value[];

  constructor(context: EmitContext, options: { blockSize: number; kvCacheDtype: KvCacheDtype }) {
    this.#context = context;
    this.#blockSize = options.blockSize;
    const { graph, config, precision } = context;
    const row = latentRow(config, precision.stream, options.kvCacheDtype);
    this.#pools = Array.from({ length: config.numLayers }, (_, layer) =>
      graph.input(cudaAttentionNames.pool(layer), row.type, ['slots', row.columns]),
    );
    this.#slots = graph.input(cudaAttentionNames.slots, 'i64', ['T']);
    this.#sequences = [
      graph.input(cudaAttentionNames.firstTokens, 'i32', ['S + 1']),
      graph.input(cudaAttentionNames.contextLengths, 'i32', ['S']),
      graph.input(cudaAttentionNames.blockTable, 'i32', ['S', 'maxBlocks']),
    ];
    this.#plan = graph.nodes('AttentionPlan', this.#sequences.slice(0, 2), PLAN_OUTPUTS, {
      domain: LATENT_SERVE_DOMAIN,
      attributes: {
        heads: config.numHeads,
        rank: config.kvLoraRank,
        rope: config.qkRopeHeadDim,
        page_size: options.blockSize,
      },
    });
  }

  attend(layer: number, { query, latent }: Projections, rotary: RotaryTables): Value {
    const { graph, config } = this.#context;
    const { numHeads, qkNopeHeadDim, qkRopeHeadDim } = config;
    const nopeWidth = numHeads * qkNopeHeadDim;
    const prefix = `layers.${layer}.`;
    const label = `${prefix}attention`;
    const pool = this.#pools[layer]!;
    const [keyWeights, valueWeights] = ['w_uk', 'w_uv'].map((name) => this.#context.weight(`${prefix}${name}`));
    const domain = LATENT_SERVE_DOMAIN;
    // The operators read their parts of the projections in place.
    const written = graph.nodes(
      'LatentWrite',
      [latent.rows, query.rows, this.#context.weight(`${prefix}kv_a_norm`), rotary.cos, rotary.sin, this.#slots, pool],
      WRITE_OUTPUTS,
      {
        domain,
        label,
        attributes: {
          heads: numHeads,
          rope: qkRopeHeadDim,
          kv_offset: latent.offset,
          q_offset: query.offset + nopeWidth,
          epsilon: { float: LATENT_NORM_EPS },
        },
      },
    );
    const [rotated, latents] = written as [Value, Value];
    const operands = graph.nodes(
      'AttentionOperands',
      [query.rows, latents, keyWeights!, valueWeights!],
      OPERAND_OUTPUTS,
      { domain, label, attributes: { q_offset: query.offset } },
    );
    return graph.node(
      'MlaAttention',
      [query.rows, rotated, latents, ...operands, valueWeights!, pool, ...this.#sequences, ...this.#plan],
      {
        domain,
        label,
        attributes: {
          q_offset: query.offset,
          page_size: this.#blockSize,
          scale: { float: softmaxScale(config) },
        },
      },
    );
  }

  finish(): void {}
}
