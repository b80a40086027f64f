import { MICROSOFT_DOMAIN, type Value } from '../onnx/graph-builder.ts';
import { linear, sliceColumns } from './emit-context.ts';
import type { Fusions } from './fusions.ts';
import { rmsNorm } from './rms-norm.ts';
import { ropeFrequencies } from './rope.ts';

/** Operators that ONNX Runtime has for every device. */
export const plainFusions: Fusions = {
  // Computed once a step in float32 as HF DeepseekV2RotaryEmbedding does: no table to size by context length.
  rotaryTables(context, positions) {
    const { graph } = context;
    const { inverseFrequencies, attentionFactor } = ropeFrequencies(context.config);
    const position = graph.node('Unsqueeze', [
      graph.node('Cast', [positions], { attributes: { to: 1 }, type: 'f32' }),
      graph.constant('i64', [1]),
    ]); // [T, 1]
    const frequencies = graph.constant('f32', [...inverseFrequencies], [1, inverseFrequencies.length]);
    const angles = graph.node('Mul', [position, frequencies]); // [T, rope / 2]
    const scaled = (table: Value): Value =>
      attentionFactor === 1 ? table : graph.node('Mul', [table, graph.constant('f32', [attentionFactor], [])]);
    return { cos: scaled(graph.node('Cos', [angles])), sin: scaled(graph.node('Sin', [angles])) };
  },

  norm: rmsNorm,

  normOfFirst(context, x, weight, epsilon) {
    const [width] = context.weightShape(weight);
    return rmsNorm(context, sliceColumns(context, x, 0, width!), weight, epsilon);
  },

  addNorm(context, residual, x, weight) {
    const { graph, config } = context;
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
