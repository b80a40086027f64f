/** Element types of a model's weights and activations on one kind of device. */
export interface Precision {
  /** The residual stream, dense products, embeddings, norm weights and cached latents. */
  readonly stream: 'f32' | 'f16' | 'bf16';
  /** Weights of the routed experts. The router is float32 always. */
  readonly experts: 'f32' | 'f16';
}

export const FLOAT32: Precision = { stream: 'f32', experts: 'f32' };

/** The element type of a packed weight (packed-weights.ts). */
export function weightType(precision: Precision, name: string): Precision['stream'] {
  if (name.endsWith('.router')) return 'f32';
  if (name.endsWith('.experts_gate_up') || name.endsWith('.experts_down')) return precision.experts;
  return precision.stream;
}
