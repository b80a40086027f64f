import type { Value } from '../onnx/graph-builder.ts';
import type { EmitContext } from './emit-context.ts';

/** The latent norms use this whatever rms_norm_eps says (HF builds them with DeepseekV2RMSNorm's default). */
export const LATENT_NORM_EPS = 1e-6;

/** RMS norm over the last axis. */
export function rmsNorm(context: EmitContext, x: Value, weight: string, eps: number): Value {
  return context.graph.node('SimplifiedLayerNormalization', [x, context.weight(weight)], {
    attributes: { axis: -1, epsilon: { float: eps } },
    label: weight,
  });
}
