import { type DeepseekV2Config, isMoeLayer } from './config.ts';
import type { Precision } from './precision.ts';

/**
 * Rows of a packed tensor, taken from the checkpoint unchanged: matrices keep PyTorch's [out, in] layout
 * (the graph multiplies with transB), so packing only selects, orders and converts rows.
 */
export type RowSource =
  /** Rows [start, start + count) of a matrix, or of its columns [from, to); a vector is one row. */
  | {
      readonly kind: 'rows';
      readonly tensor: string;
      readonly start: number;
      readonly count: number;
      readonly columns?: { readonly from: number; readonly to: number };
    }
  /** Rows [start, start + count) of both, a0, b0, a1, b1, ...: com.microsoft.MoE with swiglu_fusion=1 wants gate and up rows interleaved. */
  | {
      readonly kind: 'interleave';
      readonly first: string;
      readonly second: string;
      readonly start: number;
      readonly count: number;
    };

export interface PackedTensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly sources: readonly RowSource[];
}

export interface PackPlan {
  readonly tensors: readonly PackedTensorSpec[];
  /** Every checkpoint tensor that is read, with the shape it must have. */
  readonly sourceShapes: ReadonlyMap<string, readonly number[]>;
}

/** Lays out the packed weights of a whole model. Pure; reads no file. @param precision of the device: in f16 shared experts join the stack of the others */
export function planPackedWeights(config: DeepseekV2Config, precision: Precision): PackPlan {
  const plan = new PlanBuilder();
  const { hiddenSize, vocabSize } = config;
  const embedding = plan.source('model.embed_tokens.weight', [vocabSize, hiddenSize]);
  plan.whole('embed_tokens', embedding);
  for (let layer = 0; layer < config.numLayers; layer++) {
    planAttention(plan, config, layer);
    if (isMoeLayer(config, layer)) planMoe(plan, config, precision, layer);
    else planMlp(plan, config, layer, `model.layers.${layer}.mlp`, '', config.intermediateSize);
  }
  plan.whole('norm', plan.source('model.norm.weight', [hiddenSize]));
  plan.whole('lm_head', config.tieWordEmbeddings ? embedding : plan.source('lm_head.weight', [vocabSize, hiddenSize]));
  return plan;
}

interface Source {
  readonly name: string;
  readonly shape: readonly number[];
}

class PlanBuilder implements PackPlan {
  readonly tensors: PackedTensorSpec[] = [];
  readonly sourceShapes = new Map<string, readonly number[]>();

  source(name: string, shape: readonly number[]): Source {
    this.sourceShapes.set(name, shape);
    return { name, shape };
  }

  add(name: string, shape: readonly number[], sources: readonly RowSource[]): void {
    this.tensors.push({ name, shape, sources });
  }

  whole(name: string, source: Source): void {
    this.add(name, source.shape, [allRows(source)]);
  }
}

function allRows(source: Source): RowSource {
  const count = source.shape.length === 1 ? 1 : source.shape[0]!;
  return { kind: 'rows', tensor: source.name, start: 0, count };
}

function planAttention(plan: PlanBuilder, config: DeepseekV2Config, layer: number): void {
  const { hiddenSize, numHeads, qLoraRank, kvLoraRank, qkNopeHeadDim, qkRopeHeadDim, vHeadDim } = config;
  const from = `model.layers.${layer}`;
  const to = `layers.${layer}`;
  const queryRows = numHeads * (qkNopeHeadDim + qkRopeHeadDim);
  const latentRows = kvLoraRank + qkRopeHeadDim;

  plan.whole(`${to}.input_norm`, plan.source(`${from}.input_layernorm.weight`, [hiddenSize]));
  const kvA = plan.source(`${from}.self_attn.kv_a_proj_with_mqa.weight`, [latentRows, hiddenSize]);
  if (qLoraRank === null) {
    const q = plan.source(`${from}.self_attn.q_proj.weight`, [queryRows, hiddenSize]);
    plan.add(
      `${to}.q_kv_a`,
      [queryRows + latentRows, hiddenSize],
      [...headMajorToPartMajor(config, q.name), allRows(kvA)],
    );
  } else {
    const qA = plan.source(`${from}.self_attn.q_a_proj.weight`, [qLoraRank, hiddenSize]);
    const qB = plan.source(`${from}.self_attn.q_b_proj.weight`, [queryRows, qLoraRank]);
    plan.add(`${to}.q_a_kv_a`, [qLoraRank + latentRows, hiddenSize], [allRows(qA), allRows(kvA)]);
    plan.whole(`${to}.q_a_norm`, plan.source(`${from}.self_attn.q_a_layernorm.weight`, [qLoraRank]));
    plan.add(`${to}.q_b`, [queryRows, qLoraRank], headMajorToPartMajor(config, qB.name));
  }
  plan.whole(`${to}.kv_a_norm`, plan.source(`${from}.self_attn.kv_a_layernorm.weight`, [kvLoraRank]));

  // kv_b holds, per head, the rows that make keys (W_UK) and then those that make values (W_UV): DeepSeek-V2 paper, section 2.1.2.
  const perHead = qkNopeHeadDim + vHeadDim;
  const kvB = plan.source(`${from}.self_attn.kv_b_proj.weight`, [numHeads * perHead, kvLoraRank]);
  const headRows = (offset: number, count: number): RowSource[] =>
    Array.from({ length: numHeads }, (_, head) => ({
      kind: 'rows',
      tensor: kvB.name,
      start: head * perHead + offset,
      count,
    }));
  plan.add(`${to}.w_uk`, [numHeads, qkNopeHeadDim, kvLoraRank], headRows(0, qkNopeHeadDim));
  plan.add(`${to}.w_uv`, [numHeads, vHeadDim, kvLoraRank], headRows(qkNopeHeadDim, vHeadDim));
  plan.whole(`${to}.o`, plan.source(`${from}.self_attn.o_proj.weight`, [hiddenSize, numHeads * vHeadDim]));
  plan.whole(`${to}.post_norm`, plan.source(`${from}.post_attention_layernorm.weight`, [hiddenSize]));
}

/** Query rows come head by head (nope, rope); the graph wants all nope parts, then all rope parts, so that one split separates them. */
function headMajorToPartMajor(config: DeepseekV2Config, tensor: string): RowSource[] {
  const { numHeads, qkNopeHeadDim, qkRopeHeadDim } = config;
  const perHead = qkNopeHeadDim + qkRopeHeadDim;
  const part = (offset: number, count: number): RowSource[] =>
    Array.from({ length: numHeads }, (_, head) => ({ kind: 'rows', tensor, start: head * perHead + offset, count }));
  return [...part(0, qkNopeHeadDim), ...part(qkNopeHeadDim, qkRopeHeadDim)];
}

function planMlp(
  plan: PlanBuilder,
  config: DeepseekV2Config,
  layer: number,
  from: string,
  prefix: string,
  width: number,
): void {
  const { hiddenSize } = config;
  const gate = plan.source(`${from}.gate_proj.weight`, [width, hiddenSize]);
  const up = plan.source(`${from}.up_proj.weight`, [width, hiddenSize]);
  const down = plan.source(`${from}.down_proj.weight`, [hiddenSize, width]);
  plan.add(`layers.${layer}.${prefix}gate_up`, [2 * width, hiddenSize], [allRows(gate), allRows(up)]);
  plan.whole(`layers.${layer}.${prefix}down`, down);
}

function planMoe(plan: PlanBuilder, config: DeepseekV2Config, precision: Precision, layer: number): void {
  const { hiddenSize, moeIntermediateSize: width, numRoutedExperts, numSharedExperts } = config;
  const from = `model.layers.${layer}.mlp`;
  const to = `layers.${layer}`;
  plan.whole(`${to}.router`, plan.source(`${from}.gate.weight`, [numRoutedExperts, hiddenSize]));
  const gateUp: RowSource[] = [];
  const down: RowSource[] = [];
  for (let expert = 0; expert < numRoutedExperts; expert++) {
    const name = `${from}.experts.${expert}`;
    const gate = plan.source(`${name}.gate_proj.weight`, [width, hiddenSize]);
    const up = plan.source(`${name}.up_proj.weight`, [width, hiddenSize]);
    gateUp.push({ kind: 'interleave', first: gate.name, second: up.name, start: 0, count: width });
    down.push(allRows(plan.source(`${name}.down_proj.weight`, [hiddenSize, width])));
  }
  const isStacked = precision.experts === 'f16';
  if (isStacked) {
    const parts = sharedParts(plan, config, `${from}.shared_experts`);
    gateUp.push(...parts.gateUp);
    down.push(...parts.down);
  }
  plan.add(`${to}.experts_gate_up`, [gateUp.length, 2 * width, hiddenSize], gateUp);
  plan.add(`${to}.experts_down`, [down.length, hiddenSize, width], down);
  if (numSharedExperts > 0 && !isStacked)
    planMlp(plan, config, layer, `${from}.shared_experts`, 'shared_', numSharedExperts * width);
}

/** The shared experts, which the checkpoint has as one MLP of their common width, cut into experts: its result is the sum of theirs. */
function sharedParts(
  plan: PlanBuilder,
  { hiddenSize, moeIntermediateSize: width, numSharedExperts }: DeepseekV2Config,
  from: string,
): { gateUp: RowSource[]; down: RowSource[] } {
  if (numSharedExperts === 0) return { gateUp: [], down: [] };
  const all = numSharedExperts * width;
  const gate = plan.source(`${from}.gate_proj.weight`, [all, hiddenSize]);
  const up = plan.source(`${from}.up_proj.weight`, [all, hiddenSize]);
  const down = plan.source(`${from}.down_proj.weight`, [hiddenSize, all]);
  const starts = Array.from({ length: numSharedExperts }, (_, expert) => expert * width);
  return {
    gateUp: starts.map((start) => ({ kind: 'interleave', first: gate.name, second: up.name, start, count: width })),
    down: starts.map((start) => ({
      kind: 'rows',
      tensor: down.name,
      start: 0,
      count: hiddenSize,
      columns: { from: start, to: start + width },
    })),
  };
}
