import type { Value } from '../onnx/graph-builder.ts';
import type { RotaryTables } from './attention.ts';
import type { EmitContext } from './emit-context.ts';

/**
 * What one kind of device computes in a kernel of its own, and the other with plain operators: {@link plainFusions} on CPU,
 * {@link cudaFusions} on CUDA.
 */
export interface Fusions {
  /** cos and sin of each token's angles, i64 positions [T]. */
  rotaryTables(context: EmitContext, positions: Value): RotaryTables;
  /** RMS norm of x [T, width] by its packed `weight` [width]. */
  norm(context: EmitContext, x: Value, weight: string, epsilon: number): Value;
  /** The same of x [T, *], of as many of its first columns as `weight` has. */
  normOfFirst(context: EmitContext, x: Value, weight: string, epsilon: number): Value;
  /**
   * Adds to the residual stream [T, hidden] and normalises the sum; both are needed further on.
   *
   * @param x [T, hidden]
   * @param weight name of the RMS norm's packed weight
   */
  addNorm(context: EmitContext, residual: Value, x: Value, weight: string): NormedSum;
  /** x [T, hidden] times the packed router `weight`, which is float32: f32 [T, experts]. */
  routerLogits(context: EmitContext, x: Value, weight: string): Value;
}

/** [T, hidden] each. */
export interface NormedSum {
  readonly normed: Value;
  readonly residual: Value;
}
