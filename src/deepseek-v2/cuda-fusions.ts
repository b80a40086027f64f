import { LATENT_SERVE_DOMAIN } from '../cuda/custom-op-domain.ts';
import type { Fusions } from './fusions.ts';

/** The custom operators of cuda/ops: one kernel each. */
export const cudaFusions: Fusions = {
  addNorm(context, residual, addends, weight) {
    const inputs = [residual, context.weight(weight), ...addends];
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
