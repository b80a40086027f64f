import type { SafetensorsDtype } from '../checkpoint/dtype.ts';
import { bf16ToFloat32, bf16ToFp16, float32ToBf16, float32ToFp16, fp16ToFloat32 } from '../checkpoint/float16.ts';
import type { PackedDtype } from './packed-model.ts';

/** Element types of weights that can be packed, and their bytes. */
export const SOURCE_BYTES = { F32: 4, F16: 2, BF16: 2 } as const;
export type SourceDtype = keyof typeof SOURCE_BYTES;

export function isSourceDtype(dtype: SafetensorsDtype): dtype is SourceDtype {
  return Object.hasOwn(SOURCE_BYTES, dtype);
}

/** Larger values round to infinity in fp16. */
const LARGEST_FP16 = 65_519;

/** Values in memory: `count` of them from `byteOffset` on. */
export interface ValueSpan {
  readonly buffer: ArrayBuffer;
  readonly byteOffset: number;
  readonly count: number;
}

const float32 = ({ buffer, byteOffset, count }: ValueSpan): Float32Array => new Float32Array(buffer, byteOffset, count);
const bits16 = ({ buffer, byteOffset, count }: ValueSpan): Uint16Array => new Uint16Array(buffer, byteOffset, count);

/**
 * Converts weights from a checkpoint's type to a packed one, rounding to nearest where that narrows them. Without a detour over
 * float32 where both have 16 bits.
 * @returns false when a finite value is too large for fp16
 */
export function convertValues(
  from: SourceDtype,
  source: ValueSpan,
  to: Exclude<PackedDtype, 'u8'>,
  target: ValueSpan,
): boolean {
  if (from.toLowerCase() === to) {
    const bytes = source.count * SOURCE_BYTES[from];
    new Uint8Array(target.buffer, target.byteOffset, bytes).set(
      new Uint8Array(source.buffer, source.byteOffset, bytes),
    );
    return true;
  }
  if (to === 'f32') {
    const widen = from === 'BF16' ? bf16ToFloat32 : fp16ToFloat32;
    widen(bits16(source), float32(target));
    return true;
  }
  if (to === 'f16') {
    if (from === 'BF16') return !bf16ToFp16(bits16(source), bits16(target));
    const values = float32(source);
    float32ToFp16(values, bits16(target));
    return !overflowsFp16(values);
  }
  float32ToBf16(from === 'F32' ? float32(source) : widened(source), bits16(target));
  return true;
}

function overflowsFp16(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]!);
    if (magnitude > LARGEST_FP16 && magnitude < Number.POSITIVE_INFINITY) return true;
  }
  return false;
}

function widened(source: ValueSpan): Float32Array {
  const values = new Float32Array(source.count);
  fp16ToFloat32(bits16(source), values);
  return values;
}
