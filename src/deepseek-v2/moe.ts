import type { Value } from '../onnx/graph-builder.ts';
import { type EmitContext, linear } from './emit-context.ts';
import type { Addends } from './fusions.ts';
import { emitMlp } from './mlp.ts';

/**
 * The routed experts of one layer: x [T, hidden] and router logits f32 [T, experts] -> their weighted sum [T, hidden].
 * One for CPU ({@link emitCpuExperts}) and one for CUDA ({@link cudaExperts}).
 */
export type ExpertsEmitter = (context: EmitContext, x: Value, logits: Value, layer: number) => Value;

/** DeepSeekMoE (paper section 2.2, HF DeepseekV2Moe): x [T, hidden] -> routed experts and shared ones, [T, hidden] each, to be added. */
export function emitMoe(context: EmitContext, experts: ExpertsEmitter, x: Value, layer: number): Addends {
  const { graph, config, precision } = context;
  const prefix = `layers.${layer}.`;
  const wide = precision.stream === 'f32' ? x : graph.node('Cast', [x], { attributes: { to: 1 }, type: 'f32' });
  const logits = linear(context, wide, `${prefix}router`); // [T, experts]
  const routed = experts(context, x, logits, layer);
  if (config.numSharedExperts === 0) return [routed];
  return [routed, emitMlp(context, x, `${prefix}shared_`, config.numSharedExperts * config.moeIntermediateSize)];
}
