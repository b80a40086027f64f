import type { GraphBuilder, Value } from '../onnx/graph-builder.ts';
import type { DeepseekV2Config } from './config.ts';
import type { Fusions } from './fusions.ts';
import type { Precision } from './precision.ts';

/** The dense products of the model: one for CPU ({@link cpuDense}), one for CUDA ({@link cudaDense}). */
export interface DenseEmitter {
  /** x [T, in] times a matrix stored [out, in] -> [T, out]. */
  product(context: EmitContext, x: Value, weight: string): Value;
  /** The same in float32: what was summed is not rounded to the type of x. */
  logits(context: EmitContext, x: Value, weight: string): Value;
  /** SwiGLU: x [T, in], a matrix stored [2 * width, in], gates first -> silu(gates) * the others, [T, width]. */
  gatedProduct(context: EmitContext, x: Value, weight: string, width: number): Value;
}

/** What every emitter needs. */
export interface EmitContext {
  readonly graph: GraphBuilder;
  readonly config: DeepseekV2Config;
  readonly precision: Precision;
  readonly dense: DenseEmitter;
  readonly fusions: Fusions;
  /** A packed weight by its name (packed-weights.ts); declared as an initialiser on first use. */
  weight(name: string): Value;
  weightShape(name: string): readonly number[];
}

/** x [rows, in] times a matrix stored [out, in] -> [rows, out], by ONNX Runtime's own operator. */
export function linear(context: EmitContext, x: Value, weight: string): Value {
  return context.graph.node('Gemm', [x, context.weight(weight)], { attributes: { transB: 1 }, label: weight });
}

/**
 * Splits the last axis into parts of the given widths. Where these differ, the CUDA provider copies addresses from a host
 * buffer that it then gives away, which a replayed CUDA graph would read again: there {@link sliceColumns} is to be used.
 */
export function splitLast(context: EmitContext, x: Value, widths: readonly number[]): Value[] {
  const { graph } = context;
  return graph.nodes('Split', [x, graph.constant('i64', widths)], widths.length, { attributes: { axis: -1 } });
}

/** Columns [begin, end) of x [rows, *]. */
export function sliceColumns(context: EmitContext, x: Value, begin: number, end: number): Value {
  const bounds = [[begin], [end], [1]].map((values) => context.graph.constant('i64', values));
  return context.graph.node('Slice', [x, ...bounds]);
}

/** Reshapes; 0 keeps a dimension, -1 infers one. */
export function reshape(context: EmitContext, x: Value, dims: readonly number[]): Value {
  return context.graph.node('Reshape', [x, context.graph.constant('i64', dims)]);
}
