import { LATENT_SERVE_DOMAIN } from '../cuda/custom-op-domain.ts';
import type { Value } from '../onnx/graph-builder.ts';
import type { EmitContext } from './emit-context.ts';

/** Number of outputs of RoutedExperts: the sum, and six that are scratch memory. */
const OUTPUTS = 7;

/** Routed experts by the custom operator RoutedExperts (cuda/ops/routed-experts.ts), routing included. */
export function emitCudaExperts(context: EmitContext, x: Value, logits: Value, layer: number): Value {
  const { graph, config } = context;
  const prefix = `layers.${layer}.`;
  const isLimited = config.topkMethod === 'group_limited_greedy';
  const [sum] = graph.nodes(
    'RoutedExperts',
    [x, logits, context.weight(`${prefix}experts_gate_up`), context.weight(`${prefix}experts_down`)],
    OUTPUTS,
    {
      domain: LATENT_SERVE_DOMAIN,
      label: `${prefix}experts`,
      attributes: {
        top_k: config.numExpertsPerTok,
        groups: isLimited ? config.numGroups : 0,
        top_groups: isLimited ? config.topkGroups : 0,
        normalize: config.normTopkProb ? 1 : 0,
        scale: { float: config.normTopkProb ? 1 : config.routedScalingFactor },
      },
    },
  );
  return sum!;
}
