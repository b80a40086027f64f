import type { KernelTensor } from '../../onnxruntime/custom-op.ts';

/** Shape of an output that a step does not need; no tensor may be empty. What is there otherwise has more dimensions. */
export const NOTHING: readonly number[] = [1];

export function isNothing(tensor: KernelTensor): boolean {
  return tensor.shape.length === 1;
}
