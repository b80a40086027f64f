import type { PackPlan } from '../deepseek-v2/packed-weights.ts';
import { type Precision, QUANTIZATION_BLOCK, scalesOf, weightType } from '../deepseek-v2/precision.ts';
import { PACKED_BYTES, type PackedDtype, type PackedTensor } from './packed-model.ts';

/** ONNX Runtime maps external data by pages. */
const ALIGNMENT = 4096;

/** Where each tensor lies in weights.bin. */
export interface PackLayout {
  readonly tensors: ReadonlyMap<string, PackedTensor>;
  /** Size of the file: whole pages. */
  readonly byteLength: number;
}

/** Tensors in the order of the plan, each at the start of a page, quantised ones followed by their scales. */
export function layOut(plan: PackPlan, precision: Precision): PackLayout {
  const tensors = new Map<string, PackedTensor>();
  let offset = 0;
  const place = (name: string, dtype: PackedDtype, shape: readonly number[]): void => {
    const byteLength = shape.reduce((product, size) => product * size, PACKED_BYTES[dtype]);
    tensors.set(name, { dtype, shape, offset, byteLength });
    offset = roundUp(offset + byteLength);
  };
  for (const { name, shape } of plan.tensors) {
    const dtype = weightType(precision, name);
    place(name, dtype, shape);
    if (dtype !== 'u8') continue;
    place(scalesOf(name), 'f16', [...shape.slice(0, -1), Math.ceil(shape.at(-1)! / QUANTIZATION_BLOCK)]);
  }
  return { tensors, byteLength: offset };
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
