import { MICROSOFT_DOMAIN } from '../onnx/graph-builder.ts';
import { linear } from './emit-context.ts';
import type { Fusions } from './fusions.ts';

/** Operators that ONNX Runtime has for every device. */
export const plainFusions: Fusions = {
  addNorm(context, residual, [first, second], weight) {
    const { graph, config } = context;
    const x = second === undefined ? first : graph.node('Add', [first, second]);
    const inputs = [x, residual, context.weight(weight)];
    const [normed, , , sum] = graph.nodes('SkipSimplifiedLayerNormalization', inputs, 4, {
      domain: MICROSOFT_DOMAIN,
      attributes: { epsilon: { float: config.rmsNormEps } },
      label: weight,
      omittedOutputs: [1, 2],
    });
    return { normed: normed!, residual: sum! };
  },

  // The stream is float32 here.
  routerLogits: linear,
};
