import type { Value } from '../onnx/graph-builder.ts';
import type { EmitContext } from './emit-context.ts';
import type { Addends } from './fusions.ts';
import { emitMlp } from './mlp.ts';

/**
 * The routed experts of one layer: x [T, hidden] and router logits f32 [T, experts] -> their weighted sum [T, hidden].
 * One for CPU ({@link emitCpuExperts}) and one for CUDA ({@link cudaExperts}).
 */
export type ExpertsEmitter = (context: EmitContext, x: Value, logits: Value, layer: number) => Value;

/** DeepSeekMoE (paper section 2.2, HF DeepseekV2Moe): x [T, hidden] -> routed experts and shared ones, [T, hidden] each, to be added. */
export function emitMoe(context: EmitContext, experts: ExpertsEmitter, x: Value, layer: number): Addends {
  const { config, fusions } = context;
  const prefix = `layers.${layer}.`;
  const logits = fusions.routerLogits(context, x, `${prefix}router`); // [T, experts]
  const routed = experts(context, x, logits, layer);
  if (config.numSharedExperts === 0) return [routed];
  return [routed, emitMlp(context, x, `${prefix}shared_`, config.numSharedExperts * config.moeIntermediateSize)];
}
