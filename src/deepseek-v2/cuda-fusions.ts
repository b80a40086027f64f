import { LATENT_SERVE_DOMAIN } from '../cuda/custom-op-domain.ts';
import type { Value } from '../onnx/graph-builder.ts';
import type { EmitContext } from './emit-context.ts';
import type { Fusions } from './fusions.ts';
import { ropeFrequencies } from './rope.ts';

/** The custom operators of cuda/ops: one kernel each. */
export const cudaFusions: Fusions = {
  rotaryTables(context, positions) {
    const { graph } = context;
    const { inverseFrequencies, attentionFactor } = ropeFrequencies(context.config);
    const frequencies = graph.constant('f32', [...inverseFrequencies]);
    const [cos, sin] = graph.nodes('RotaryTables', [positions, frequencies], 2, {
      domain: LATENT_SERVE_DOMAIN,
      attributes: { factor: { float: attentionFactor } },
      type: 'f32',
    });
    return { cos: cos!, sin: sin! };
  },

  norm: rmsNorm,
  normOfFirst: rmsNorm,

  addNorm(context, residual, x, weight) {
    const inputs = [residual, context.weight(weight), x];
    const [normed, sum] = context.graph.nodes('AddNorm', inputs, 2, {
      domain: LATENT_SERVE_DOMAIN,
      attributes: { epsilon: { float: context.config.rmsNormEps } },
      label: weight,
    });
    return { normed: normed!, residual: sum! };
  },

  routerLogits(context, x, weight) {
    return context.graph.node('RouterLogits', [x, context.weight(weight)], {
      domain: LATENT_SERVE_DOMAIN,
      label: weight,
      type: 'f32',
    });
  },
};

/** RmsNorm reads as many columns as the weight has. */
function rmsNorm(context: EmitContext, x: Value, weight: string, epsilon: number): Value {
  return context.graph.node('RmsNorm', [x, context.weight(weight)], {
    domain: LATENT_SERVE_DOMAIN,
    attributes: { epsilon: { float: epsilon } },
    label: weight,
  });
}
