import { LATENT_SERVE_DOMAIN } from '../cuda/custom-op-domain.ts';
import type { Value } from '../onnx/graph-builder.ts';
import type { EmitContext } from './emit-context.ts';
import { type ExpertsEmitter, numStackedShared } from './moe.ts';
import { scalesOf } from './precision.ts';

/** Number of outputs of ExpertsScratch. */
const SCRATCH_OUTPUTS = 7;

/**
 * Emits a stack of experts as the custom operator RoutedExperts, or QuantizedExperts where their weights are int8
 * (cuda/ops/routed-experts.ts), from routing to the norm behind the sum. One emitter serves one graph: its layers share their scratch memory.
 */
export function cudaExperts(): ExpertsEmitter {
  let scratch: readonly Value[] | null = null;
  return (context, x, logits, layer, { residual, apart, norm }) => {
    scratch ??= emitScratch(context, x, layer);
    const prefix = `layers.${layer}.`;
    const { config, graph } = context;
    const isQuantized = areQuantized(context);
    const weights = [`${prefix}experts_gate_up`, `${prefix}experts_down`]
      .flatMap((name) => (isQuantized ? [name, scalesOf(name)] : [name]))
      .map((name) => context.weight(name));
    const stream = [residual, context.weight(norm)];
    const inputs = [x, logits, ...stream, ...weights, ...scratch, ...(apart === null ? [] : [apart])];
    const [normed, sum] = graph.nodes(isQuantized ? 'QuantizedExperts' : 'RoutedExperts', inputs, 2, {
      domain: LATENT_SERVE_DOMAIN,
      label: `${prefix}experts`,
      attributes: {
        ...routing(context),
        top_groups: config.topkMethod === 'group_limited_greedy' ? config.topkGroups : 0,
        scale: { float: config.normTopkProb ? 1 : config.routedScalingFactor },
        epsilon: { float: config.rmsNormEps },
      },
    });
    return { normed: normed!, residual: sum! };
  };
}

function emitScratch(context: EmitContext, x: Value, layer: number): readonly Value[] {
  const { graph, config } = context;
  return graph.nodes('ExpertsScratch', [x], SCRATCH_OUTPUTS, {
    domain: LATENT_SERVE_DOMAIN,
    attributes: {
      ...routing(context),
      experts: config.numRoutedExperts,
      shared: numStackedShared(context, layer),
      hidden: config.hiddenSize,
      inter: config.moeIntermediateSize,
      quantized: areQuantized(context) ? 1 : 0,
    },
  });
}

function areQuantized({ precision }: EmitContext): boolean {
  return precision.experts === 'u8';
}

/** Attributes that both operators have. */
function routing({ config }: EmitContext): Record<'top_k' | 'groups' | 'normalize', number> {
  return {
    top_k: config.numExpertsPerTok,
    groups: config.topkMethod === 'group_limited_greedy' ? config.numGroups : 0,
    normalize: config.normTopkProb ? 1 : 0,
  };
}
