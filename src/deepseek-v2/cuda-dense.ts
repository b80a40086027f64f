import { LATENT_SERVE_DOMAIN } from '../cuda/custom-op-domain.ts';
import type { Value } from '../onnx/graph-builder.ts';
import type { DenseEmitter } from './emit-context.ts';

/**
 * Emits dense products as the custom operators Linear, LinearF32 and GatedLinear (cuda/ops). One emitter serves one graph: layers of
 * the same width share their scratch memory.
 */
export function cudaDense(): DenseEmitter {
  const scratch = new Map<number, Value>();
  return {
    product(context, x, weight) {
      return context.graph.node('Linear', [x, context.weight(weight)], {
        domain: LATENT_SERVE_DOMAIN,
        label: weight,
      });
    },
    logits(context, x, weight) {
      return context.graph.node('LinearF32', [x, context.weight(weight)], {
        domain: LATENT_SERVE_DOMAIN,
        label: weight,
        type: 'f32',
      });
    },
    gatedProduct(context, x, weight, width) {
      const { graph } = context;
      let shared = scratch.get(width);
      if (shared === undefined) {
        shared = graph.node('GatedLinearScratch', [x], { domain: LATENT_SERVE_DOMAIN, attributes: { width } });
        scratch.set(width, shared);
      }
      return graph.node('GatedLinear', [x, context.weight(weight), shared], {
        domain: LATENT_SERVE_DOMAIN,
        label: weight,
      });
    },
  };
}
