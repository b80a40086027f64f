import type { Value } from '../onnx/graph-builder.ts';
import type { EmitContext } from './emit-context.ts';
import type { Addends } from './fusions.ts';
import { emitMlp } from './mlp.ts';

/**
 * The experts of one layer's stack: x [T, hidden] and router logits f32 [T, experts] -> their weighted sum [T, hidden].
 * One for CPU ({@link emitCpuExperts}) and one for CUDA ({@link cudaExperts}).
 */
export type ExpertsEmitter = (context: EmitContext, x: Value, logits: Value, layer: number) => Value;

/**
 * DeepSeekMoE (paper section 2.2, HF DeepseekV2Moe): x [T, hidden] -> routed experts and shared ones, [T, hidden] each, to be added; one where the
 * shared experts are in the stack of the others.
 */
export function emitMoe(context: EmitContext, experts: ExpertsEmitter, x: Value, layer: number): Addends {
  const { config, fusions } = context;
  const prefix = `layers.${layer}.`;
  const logits = fusions.routerLogits(context, x, `${prefix}router`); // [T, experts]
  const routed = experts(context, x, logits, layer);
  const numApart = config.numSharedExperts - numStackedShared(context, layer);
  if (numApart === 0) return [routed];
  return [routed, emitMlp(context, x, `${prefix}shared_`, numApart * config.moeIntermediateSize)];
}

/** Shared experts at the end of the layer's stack of experts (packed-weights.ts puts all of them there, or none). */
export function numStackedShared({ config, weightShape }: EmitContext, layer: number): number {
  return weightShape(`layers.${layer}.experts_down`)[0]! - config.numRoutedExperts;
}
