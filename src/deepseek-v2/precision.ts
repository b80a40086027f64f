/** Element types of a model's weights and activations on one kind of device. */
export interface Precision {
  /** The residual stream, dense products, embeddings, norm weights and cached latents. */
  readonly stream: 'f32' | 'f16' | 'bf16';
  /** Weights of the routed experts, and in f16 of the shared ones; u8: quantised ones. The router is float32 always. */
  readonly experts: 'f32' | 'f16' | 'u8';
}

export const FLOAT32: Precision = { stream: 'f32', experts: 'f32' };

/** Columns of a quantised weight that share a scale; a row's last block may be shorter. */
export const QUANTIZATION_BLOCK = 128;

/** Name of the f16 tensor [..., rows, blocks] with the scales of a quantised weight [..., rows, columns]. */
export function scalesOf(name: string): string {
  return `${name}_scales`;
}

/** The element type of a packed weight (packed-weights.ts). */
export function weightType(precision: Precision, name: string): Precision['stream'] | 'u8' {
  if (name.endsWith('.router')) return 'f32';
  if (name.endsWith('.experts_gate_up') || name.endsWith('.experts_down')) return precision.experts;
  return precision.stream;
}
