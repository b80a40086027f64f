import type { Value } from '../onnx/graph-builder.ts';
import type { EmitContext } from './emit-context.ts';
import type { NormedSum } from './fusions.ts';
import { emitMlp } from './mlp.ts';

/**
 * The experts of one layer's stack: x [T, hidden] and router logits f32 [T, experts] -> their weighted sum, added to the residual stream, and the norm
 * behind it. One for CPU ({@link cpuExperts}) and one for CUDA ({@link cudaExperts}).
 */
export type ExpertsEmitter = (
  context: EmitContext,
  x: Value,
  logits: Value,
  layer: number,
  stream: ExpertsStream,
) => NormedSum;

/** What the experts' sum goes into. */
export interface ExpertsStream {
  /** [T, hidden] */
  readonly residual: Value;
  /** [T, hidden] from the shared experts, to be added too; null: they are in the stack. */
  readonly apart: Value | null;
  /** Name of the RMS norm's packed weight. */
  readonly norm: string;
}

/**
 * DeepSeekMoE (paper section 2.2, HF DeepseekV2Moe) from the norm ahead of it to the norm behind it.
 * @param norm name of the latter's packed weight
 */
export function emitMoe(
  context: EmitContext,
  experts: ExpertsEmitter,
  { normed, residual }: NormedSum,
  layer: number,
  norm: string,
): NormedSum {
  const { config, fusions } = context;
  const prefix = `layers.${layer}.`;
  const logits = fusions.routerLogits(context, normed, `${prefix}router`); // [T, experts]
  const numApart = config.numSharedExperts - numStackedShared(context, layer);
  const apart =
    numApart === 0 ? null : emitMlp(context, normed, `${prefix}shared_`, numApart * config.moeIntermediateSize);
  return experts(context, normed, logits, layer, { residual, apart, norm });
}

/** Shared experts at the end of the layer's stack of experts (packed-weights.ts puts all of them there, or none). */
export function numStackedShared({ config, weightShape }: EmitContext, layer: number): number {
  return weightShape(`layers.${layer}.experts_down`)[0]! - config.numRoutedExperts;
}
