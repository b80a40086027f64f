import { MICROSOFT_DOMAIN, type Value } from '../onnx/graph-builder.ts';
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

/** Adds `x` to the residual stream and normalises the sum; both are needed further on. */
export function addThenNorm(
  context: EmitContext,
  x: Value,
  residual: Value,
  weight: string,
): { normed: Value; residual: Value } {
  const [normed, , , sum] = context.graph.nodes(
    'SkipSimplifiedLayerNormalization',
    [x, residual, context.weight(weight)],
    4,
    {
      domain: MICROSOFT_DOMAIN,
      attributes: { epsilon: { float: context.config.rmsNormEps } },
      label: weight,
      omittedOutputs: [1, 2],
    },
  );
  return { normed: normed!, residual: sum! };
}
