import { MICROSOFT_DOMAIN, type Value } from '../onnx/graph-builder.ts';
import { type EmitContext, reshape } from './emit-context.ts';
import type { ExpertsEmitter } from './moe.ts';

/** Distance by which the logits of a closed group are lowered: far below any logit, and exp() of it is exactly 0. */
const CLOSED_LOGIT = 1e9;

/**
 * Routed experts by com.microsoft.MoE, which applies softmax and top-k to router logits itself. Its output is linear in
 * the routing weights, so what it cannot express is done around it: groups are cut off by masked logits, and the factor
 * that turns its weights into DeepSeek's (scaling factor, softmax mass of the experts that were left) is multiplied
 * afterwards.
 */
export const cpuExperts: ExpertsEmitter = (context, x, logits, layer, { residual, apart, norm }) => {
  const { graph, config } = context;
  const prefix = `layers.${layer}.`;
  const limited = config.topkMethod === 'group_limited_greedy' ? limitToGroups(context, logits) : null;

  let routed = graph.node(
    'MoE',
    [
      x,
      limited?.logits ?? logits,
      context.weight(`${prefix}experts_gate_up`),
      null,
      context.weight(`${prefix}experts_down`),
    ],
    {
      domain: MICROSOFT_DOMAIN,
      label: `${prefix}experts`,
      attributes: {
        k: config.numExpertsPerTok,
        activation_type: 'swiglu',
        swiglu_fusion: 1,
        normalize_routing_weights: config.normTopkProb ? 1 : 0,
      },
    },
  );
  // DeepSeek's own code normalises or scales, never both; no released V2 normalises.
  if (!config.normTopkProb) {
    if (limited) routed = graph.node('Mul', [routed, limited.mass]);
    if (config.routedScalingFactor !== 1) {
      routed = graph.node('Mul', [routed, graph.constant('f32', [config.routedScalingFactor], [])]);
    }
  }
  const sum = apart === null ? routed : graph.node('Add', [routed, apart]);
  return context.fusions.addNorm(context, residual, sum, norm);
};

/**
 * Group-limited top-k: only the `topkGroups` groups with the best expert stay. Softmax keeps order, so the best logit
 * decides as the best probability would. `mass` [T, 1] is the softmax probability of the experts that stay: the MoE
 * operator's softmax runs over these alone, and multiplying by it gives back the softmax over all.
 */
function limitToGroups(context: EmitContext, logits: Value): { logits: Value; mass: Value } {
  const { graph, config } = context;
  const { numGroups, topkGroups, numRoutedExperts } = config;
  const axes = (...values: number[]): Value => graph.constant('i64', values);
  const grouped = reshape(context, logits, [-1, numGroups, numRoutedExperts / numGroups]); // [T, groups, perGroup]
  const best = graph.node('ReduceMax', [grouped, axes(-1)], { attributes: { keepdims: 0 } }); // [T, groups]
  const [, chosen] = graph.nodes('TopK', [best, graph.constant('i64', [topkGroups])], 2, {
    attributes: { axis: -1 },
    type: 'i64',
  }); // [T, topkGroups]
  const oneHot = graph.node(
    'OneHot',
    [chosen!, graph.constant('i64', [numGroups], []), graph.constant('f32', [0, 1])],
    { type: 'f32' },
  ); // [T, topkGroups, groups]
  const open = graph.node('Unsqueeze', [
    graph.node('ReduceSum', [oneHot, axes(1)], { attributes: { keepdims: 0 } }),
    axes(-1),
  ]); // [T, groups, 1], 1 where the group stays

  const closedBy = graph.node('Mul', [
    graph.node('Sub', [open, graph.constant('f32', [1], [])]),
    graph.constant('f32', [CLOSED_LOGIT], []),
  ]);
  const masked = reshape(context, graph.node('Add', [grouped, closedBy]), [-1, numRoutedExperts]);
  const probabilities = graph.node('Softmax', [logits], { attributes: { axis: -1 } });
  const remaining = graph.node('Mul', [
    reshape(context, probabilities, [-1, numGroups, numRoutedExperts / numGroups]),
    open,
  ]);
  const mass = graph.node('ReduceSum', [remaining, axes(1, 2)], { attributes: { keepdims: 0 } }); // [T]
  return { logits: masked, mass: graph.node('Unsqueeze', [mass, axes(-1)]) };
}
