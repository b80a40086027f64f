import { invariant } from '../errors.ts';
import type { ElementType } from '../onnx/element-type.ts';
import { GraphBuilder, type Value } from '../onnx/graph-builder.ts';
import type { GraphModel } from '../onnx/model.ts';
import type { AttentionEmitter } from './attention.ts';
import { type DeepseekV2Config, isMoeLayer } from './config.ts';
import type { DenseEmitter, EmitContext } from './emit-context.ts';
import type { Fusions } from './fusions.ts';
import { emitMla } from './mla.ts';
import { emitMlp } from './mlp.ts';
import { type ExpertsEmitter, emitMoe } from './moe.ts';
import type { Precision } from './precision.ts';

/** Inputs and outputs that do not depend on the attention contract. */
export const modelNames = {
  /** i64 [T] */
  tokenIds: 'token_ids',
  /** i64 [T], position of each token in its sequence */
  positions: 'positions',
  /** i64 [R], flat tokens whose logits are wanted */
  logitRows: 'logit_rows',
  /** f32 [R, vocabSize] */
  logits: 'logits',
} as const;

/** Where a packed weight lies; the shape of packing/packed-model's entries. */
export interface WeightLocation {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly byteLength: number;
}

export interface ModelGraphOptions {
  readonly config: DeepseekV2Config;
  readonly weights: ReadonlyMap<string, WeightLocation>;
  /** File name of the weights inside the session's folder for external data. */
  readonly weightsFile: string;
  /** Makes the emitter of the wanted attention contract; it declares its own inputs. */
  readonly attention: (context: EmitContext) => AttentionEmitter;
  readonly experts: ExpertsEmitter;
  readonly dense: DenseEmitter;
  readonly fusions: Fusions;
  /** Of the weights, and so of the activations. */
  readonly precision: Precision;
}

/** Builds the whole model (HF DeepseekV2ForCausalLM) over flat tokens [T]. Pure: reads no weights. */
export function buildModelGraph(options: ModelGraphOptions): GraphModel {
  const { config, precision, dense, fusions } = options;
  const graph = new GraphBuilder();
  const context: EmitContext = {
    graph,
    config,
    precision,
    dense,
    fusions,
    weight: weightDeclarer(graph, options),
    weightShape: (name) => packedWeight(options, name).shape,
  };

  const tokenIds = graph.input(modelNames.tokenIds, 'i64', ['T']);
  const positions = graph.input(modelNames.positions, 'i64', ['T']);
  const logitRows = graph.input(modelNames.logitRows, 'i64', ['R']);
  const attention = options.attention(context);
  const rotary = fusions.rotaryTables(context, positions);

  let residual = graph.node('Gather', [context.weight('embed_tokens'), tokenIds], { attributes: { axis: 0 } }); // [T, hidden]
  let normed = fusions.norm(context, residual, 'layers.0.input_norm', config.rmsNormEps);
  for (let layer = 0; layer < config.numLayers; layer++) {
    const attended = emitMla(context, attention, rotary, normed, layer);
    ({ normed, residual } = fusions.addNorm(context, residual, attended, `layers.${layer}.post_norm`));
    const next = layer + 1 < config.numLayers ? `layers.${layer + 1}.input_norm` : 'norm';
    if (isMoeLayer(config, layer)) {
      ({ normed, residual } = emitMoe(context, options.experts, { normed, residual }, layer, next));
    } else {
      const fed = emitMlp(context, normed, `layers.${layer}.`, config.intermediateSize);
      ({ normed, residual } = fusions.addNorm(context, residual, fed, next));
    }
  }
  const wanted = graph.node('Gather', [normed, logitRows], { attributes: { axis: 0 } }); // [R, hidden]
  graph.output(modelNames.logits, dense.logits(context, wanted, 'lm_head'), ['R', config.vocabSize]);
  attention.finish();
  return graph.build('deepseek_v2');
}

function packedWeight({ weights }: ModelGraphOptions, name: string): WeightLocation {
  const location = weights.get(name);
  invariant(location, `packed weight ${name} is missing`);
  return location;
}

/** Declares each weight as an initialiser the first time it is asked for. */
function weightDeclarer(graph: GraphBuilder, options: ModelGraphOptions): (name: string) => Value {
  const declared = new Map<string, Value>();
  return (name) => {
    const known = declared.get(name);
    if (known) return known;
    const location = packedWeight(options, name);
    const value = graph.external(name, location.dtype, location.shape, {
      location: options.weightsFile,
      offset: location.offset,
      length: location.byteLength,
    });
    declared.set(name, value);
    return value;
  };
}
