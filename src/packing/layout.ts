import type { PackPlan } from '../deepseek-v2/packed-weights.ts';
import type { PackedTensor } from './packed-model.ts';

/** ONNX Runtime maps external data by pages. */
const ALIGNMENT = 4096;
const F32_BYTES = 4;

/** Where each tensor lies in weights.bin. */
export interface PackLayout {
  readonly tensors: ReadonlyMap<string, PackedTensor>;
  /** Size of the file: whole pages. */
  readonly byteLength: number;
}

/** Tensors in the order of the plan, each at the start of a page. */
export function layOut(plan: PackPlan): PackLayout {
  const tensors = new Map<string, PackedTensor>();
  let offset = 0;
  for (const { name, shape } of plan.tensors) {
    const byteLength = shape.reduce((product, size) => product * size, F32_BYTES);
    tensors.set(name, { dtype: 'f32', shape, offset, byteLength });
    offset = roundUp(offset + byteLength);
  }
  return { tensors, byteLength: offset };
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
