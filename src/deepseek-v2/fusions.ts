import type { Value } from '../onnx/graph-builder.ts';
import type { EmitContext } from './emit-context.ts';

/**
 * What one kind of device computes in a kernel of its own, and the other with plain operators: {@link plainFusions} on CPU,
 * {@link cudaFusions} on CUDA.
 */
export interface Fusions {
  /**
   * Adds to the residual stream [T, hidden] and normalises the sum; both are needed further on.
   *
   * @param addends one or two, [T, hidden] each
   * @param weight name of the RMS norm's packed weight
   */
  addNorm(context: EmitContext, residual: Value, addends: Addends, weight: string): NormedSum;
  /** x [T, hidden] times the packed router `weight`, which is float32: f32 [T, experts]. */
  routerLogits(context: EmitContext, x: Value, weight: string): Value;
}

export type Addends = readonly [Value] | readonly [Value, Value];

/** [T, hidden] each. */
export interface NormedSum {
  readonly normed: Value;
  readonly residual: Value;
}
