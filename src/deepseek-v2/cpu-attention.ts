import { MICROSOFT_DOMAIN, type Value } from '../onnx/graph-builder.ts';
import type { AttentionEmitter, RotaryTables } from './attention.ts';
import { latentWidth } from './config.ts';
import { type EmitContext, reshape, splitLast } from './emit-context.ts';
import {
  absorbKeys,
  expandValues,
  type Projections,
  rotate,
  splitProjections,
  swapHeadsAndTokens,
} from './projections.ts';
import { LATENT_NORM_EPS, rmsNorm } from './rms-norm.ts';
import { softmaxScale } from './rope.ts';

/** Names of the inputs and outputs of the CPU attention contract; the runner fills them, the rank binds them. */
export const cpuAttentionNames = {
  /** f32 [numBlocks, blockSize * latentWidth], one pool per layer. */
  pool: (layer: number): string => `pool.${layer}`,
  /** f32 [T, latentWidth], what the rank stores into the pool after the step. */
  latent: (layer: number): string => `latent.${layer}`,
  /** i64 [C, Q]: flat token of query q of the group's sequence c; padding repeats a token of the step. */
  rows: (group: number): string => `group.${group}.rows`,
  /** i64 [C, M]: blocks that hold the cached tokens of sequence c; padding repeats any block. */
  blocks: (group: number): string => `group.${group}.blocks`,
  /** i64 [C, 1, 1]: number of cached tokens of sequence c. */
  contextLengths: (group: number): string => `group.${group}.context_lengths`,
  /** i64 [T]: where token t stands among the groups' queries, laid end to end. */
  order: 'attention.order',
} as const;

/** A masked score: exp() of it is exactly 0, and it stays finite where a whole row is masked. */
const MASKED_SCORE = -1e30;

/** Inputs of one group of sequences, and what all layers derive from them alike. */
interface Group {
  readonly rows: Value;
  readonly blocks: Value;
  /** f32 [C, Q, 1, S]: 0 where query q may see key s, MASKED_SCORE elsewhere. */
  readonly mask: Value;
  /** i64: [C, Q, heads, S] and [C, Q * heads, S]. */
  readonly scoreShapes: { readonly byHead: Value; readonly flat: Value };
  /** i64 [2]: number of cached and of own keys. */
  readonly keySplit: Value;
}

/**
 * Attention by plain operators. The sequences of a step are sorted into `numGroups` groups; inside a group, all have
 * the same number of queries Q and cached blocks M after padding, so that one batched product serves them (decode: Q = 1,
 * prefill: Q = chunk). Keys of a sequence are its gathered blocks followed by the step's own latents. No dimension may
 * be 0: an unused group holds one padded sequence whose result nobody reads.
 */
export class CpuAttention implements AttentionEmitter {
  readonly #context: EmitContext;
  readonly #groups: Group[];
  readonly #pools: Value[];
  readonly #order: Value;
  /** i64 [1, T], counting tokens. */
  readonly #tokenIndex: Value;
  readonly #blockSize: number;
  readonly #latents: Value[] = [];

  constructor(context: EmitContext, options: { numGroups: number; blockSize: number }) {
    this.#context = context;
    this.#blockSize = options.blockSize;
    const { graph, config } = context;
    const blockWidth = options.blockSize * latentWidth(config);
    this.#pools = Array.from({ length: config.numLayers }, (_, layer) =>
      graph.input(cpuAttentionNames.pool(layer), 'f32', ['N', blockWidth]),
    );
    this.#order = graph.input(cpuAttentionNames.order, 'i64', ['T']);
    this.#tokenIndex = graph.node('Unsqueeze', [
      this.#range(this.#dimension(this.#order, 0)),
      graph.constant('i64', [0]),
    ]);
    this.#groups = Array.from({ length: options.numGroups }, (_, index) => this.#declareGroup(index));
  }

  attend(layer: number, projections: Projections, rotary: RotaryTables): Value {
    const context = this.#context;
    const { graph, config } = context;
    const { numHeads, qkRopeHeadDim, kvLoraRank } = config;
    const { nope, rope, compressed, keyRope } = splitProjections(context, projections);
    const normed = rmsNorm(context, compressed, `layers.${layer}.kv_a_norm`, LATENT_NORM_EPS);
    const join = (parts: Value[]): Value => graph.node('Concat', parts, { attributes: { axis: -1 } });
    const latent = join([normed, rotate(context, keyRope, 1, rotary, this.#tokenIndex)]); // [T, rank + rope]
    const rotated = reshape(context, rotate(context, rope, numHeads, rotary, this.#tokenIndex), [
      -1,
      numHeads,
      qkRopeHeadDim,
    ]);
    const query = join([swapHeadsAndTokens(context, absorbKeys(context, nope, layer)), rotated]); // [T, heads, rank + rope]

    this.#latents.push(latent);
    const outputs = this.#groups.map((group) => this.#attendGroup(layer, group, query, latent)); // [C * Q, heads * rank] each
    const joined = outputs.length === 1 ? outputs[0]! : graph.node('Concat', outputs, { attributes: { axis: 0 } });
    const flat = graph.node('Gather', [joined, this.#order], { attributes: { axis: 0 } });
    const latents = swapHeadsAndTokens(context, reshape(context, flat, [-1, numHeads, kvLoraRank])); // [heads, T, rank]
    return expandValues(context, latents, layer);
  }

  finish(): void {
    this.#latents.forEach((latent, layer) => {
      this.#context.graph.output(cpuAttentionNames.latent(layer), latent, ['T', latentWidth(this.#context.config)]);
    });
  }

  #declareGroup(index: number): Group {
    const { graph, config } = this.#context;
    const rows = graph.input(cpuAttentionNames.rows(index), 'i64', [`C${index}`, `Q${index}`]);
    const blocks = graph.input(cpuAttentionNames.blocks(index), 'i64', [`C${index}`, `M${index}`]);
    const contextLengths = graph.input(cpuAttentionNames.contextLengths(index), 'i64', [`C${index}`, 1, 1]);

    const sequences = this.#dimension(rows, 0); // [1], as the next ones
    const queries = this.#dimension(rows, 1);
    const slots = graph.node('Mul', [this.#dimension(blocks, 1), graph.constant('i64', [this.#blockSize])]);
    const keys = graph.node('Add', [slots, queries]);
    const heads = graph.constant('i64', [config.numHeads]);
    const concat = (parts: Value[]): Value => graph.node('Concat', parts, { attributes: { axis: 0 } });
    return {
      rows,
      blocks,
      mask: this.#emitMask({ queries, slots, keys, contextLengths }),
      scoreShapes: {
        byHead: concat([sequences, queries, heads, keys]),
        flat: concat([sequences, graph.node('Mul', [queries, heads]), keys]),
      },
      keySplit: concat([slots, queries]),
    };
  }

  /** Size of one axis, i64 [1]. */
  #dimension(value: Value, axis: number): Value {
    return this.#context.graph.node('Shape', [value], { attributes: { start: axis, end: axis + 1 }, type: 'i64' });
  }

  /** 0 up to a size of an axis: i64 [limit]. */
  #range(limit: Value): Value {
    const { graph } = this.#context;
    const scalar = (value: number): Value => graph.constant('i64', [value], []);
    return graph.node('Range', [scalar(0), graph.node('Squeeze', [limit, graph.constant('i64', [0])]), scalar(1)]);
  }

  /** Key s is visible to query q of sequence c if it is cached (s < contextLength) or is one of the step's tokens up to q. */
  #emitMask(sizes: { queries: Value; slots: Value; keys: Value; contextLengths: Value }): Value {
    const { graph } = this.#context;
    const axes = (value: number): Value => graph.constant('i64', [value]);
    const scalar = (value: number): Value => graph.constant('i64', [value], []);
    const compare = (opType: string, a: Value, b: Value): Value => graph.node(opType, [a, b], { type: 'bool' });

    const key = this.#range(sizes.keys); // [S]
    const query = graph.node('Unsqueeze', [this.#range(sizes.queries), axes(1)]); // [Q, 1]
    const isCached = compare('Less', key, sizes.contextLengths); // [C, 1, S]
    const own = graph.node('Sub', [key, sizes.slots]); // [S], negative for cached keys
    const isOwn = compare('And', compare('GreaterOrEqual', own, scalar(0)), compare('LessOrEqual', own, query)); // [Q, S]
    const visible = graph.node('Or', [isCached, isOwn]); // [C, Q, S]
    const mask = graph.node(
      'Where',
      [visible, graph.constant('f32', [0], []), graph.constant('f32', [MASKED_SCORE], [])],
      { type: 'f32' },
    );
    return graph.node('Unsqueeze', [mask, axes(2)]); // [C, Q, 1, S]
  }

  /**
   * Cached keys and the step's own are multiplied apart and meet only in the softmax: joining the scores copies `heads`
   * values a key, joining the keys would copy the whole latent. The rope part is weighted along and dropped afterwards
   * for the same reason.
   */
  #attendGroup(layer: number, group: Group, query: Value, latent: Value): Value {
    const { graph, config } = this.#context;
    const width = latentWidth(config);
    const { numHeads, kvLoraRank } = config;
    const label = `layers.${layer}.attention`;
    const gather = (from: Value, indices: Value): Value =>
      graph.node('Gather', [from, indices], { attributes: { axis: 0 }, label });
    const scoresOf = (queries: Value, keys: Value): Value =>
      graph.node('FusedMatMul', [queries, keys], {
        domain: MICROSOFT_DOMAIN,
        attributes: { transB: 1, alpha: { float: softmaxScale(config) } },
        label,
      });

    const cached = reshape(this.#context, gather(this.#pools[layer]!, group.blocks), [0, -1, width]); // [C, M * blockSize, W]
    const own = gather(latent, group.rows); // [C, Q, W]
    const queries = reshape(this.#context, gather(query, group.rows), [0, -1, width]); // [C, Q * heads, W]
    const scores = graph.node('Concat', [scoresOf(queries, cached), scoresOf(queries, own)], {
      attributes: { axis: 2 },
      label,
    }); // [C, Q * heads, S]
    // Heads share their query's mask, so scores take the [C, Q, heads, S] form for the addition.
    const masked = graph.node('Add', [graph.node('Reshape', [scores, group.scoreShapes.byHead]), group.mask], {
      label,
    });
    const softmax = graph.node('Softmax', [masked], { attributes: { axis: -1 }, label });
    const weights = graph.node('Reshape', [softmax, group.scoreShapes.flat]); // [C, Q * heads, S]
    const [ofCached, ofOwn] = graph.nodes('Split', [weights, group.keySplit], 2, { attributes: { axis: 2 }, label });
    const mixed = graph.node(
      'Add',
      [graph.node('MatMul', [ofCached!, cached], { label }), graph.node('MatMul', [ofOwn!, own], { label })],
      { label },
    ); // [C, Q * heads, W]
    const [latents] = splitLast(this.#context, mixed, [kvLoraRank, width - kvLoraRank]);
    return reshape(this.#context, latents!, [-1, numHeads * kvLoraRank]); // [C * Q, heads * rank]
  }
}
