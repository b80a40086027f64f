import { invariant } from '../errors.ts';

/*
 * Conversions between float32 and the two 16-bit formats of checkpoints, both kept as raw bits in a Uint16Array:
 * bf16 (8 exponent bits, 7 mantissa bits) and fp16 (IEEE 754 binary16: 5 and 10). Narrowing rounds to nearest, ties to
 * even; what is too large becomes infinity; NaN stays NaN. Source and destination have the same length and may not
 * overlap.
 */

/** Exact. */
export function bf16ToFloat32(source: Uint16Array, destination: Float32Array): void {
  const bits = bitsOf(destination, source.length);
  const pairs = pairsOf(source);
  for (let pair = 0; pair < pairs.length; pair++) {
    const both = pairs[pair]!;
    bits[2 * pair] = both << 16;
    bits[2 * pair + 1] = both & 0xffff0000;
  }
  for (let i = 2 * pairs.length; i < bits.length; i++) bits[i] = source[i]! << 16;
}

export function float32ToBf16(source: Float32Array, destination: Uint16Array): void {
  const bits = bitsOf(source, destination.length);
  for (let i = 0; i < bits.length; i++) {
    const x = bits[i]!;
    // Rounding must not carry a NaN's mantissa into infinity: a NaN is cut and made quiet.
    destination[i] = (x & 0x7fffffff) > 0x7f800000 ? (x >>> 16) | 0x40 : (x + 0x7fff + ((x >>> 16) & 1)) >>> 16;
  }
}

/** Exact. */
export function fp16ToFloat32(source: Uint16Array, destination: Float32Array): void {
  const bits = bitsOf(destination, source.length);
  fp16Table ??= makeFp16Table();
  for (let i = 0; i < bits.length; i++) bits[i] = fp16Table[source[i]!]!;
}

export function float32ToFp16(source: Float32Array, destination: Uint16Array): void {
  const bits = bitsOf(source, destination.length);
  for (let i = 0; i < bits.length; i++) {
    const sign = (bits[i]! >>> 16) & 0x8000;
    const x = bits[i]! & 0x7fffffff;
    if (x >= 0x38800000 && x < 0x477ff000) {
      // Normal in fp16, [2^-14, 65520): rounded to 10 mantissa bits, the exponent's bias lowered from 127 to 15.
      destination[i] = sign | ((x - 0x38000000 + 0xfff + ((x >>> 13) & 1)) >>> 13);
    } else if (x < 0x38800000) {
      // Subnormal in fp16: float32 numbers in [0.5, 1) are 2^-24 apart, so adding 0.5 rounds to fp16's smallest step.
      destination[i] = sign | ((Math.fround(Math.abs(source[i]!) + 0.5) - 0.5) * 0x1000000);
    } else {
      destination[i] = sign | (x > 0x7f800000 ? 0x7e00 | ((x >>> 13) & 0x3ff) : 0x7c00);
    }
  }
}

/** As by way of float32. @returns whether a finite value was too large and became infinite */
export function bf16ToFp16(source: Uint16Array, destination: Uint16Array): boolean {
  invariant(
    source.length === destination.length,
    `${source.length} and ${destination.length} elements: lengths differ`,
  );
  narrowTable ??= makeNarrowTable();
  const table = narrowTable;
  let flags = 0;
  const [from, to] = [pairsOf(source), pairsOf(destination)];
  const pairs = Math.min(from.length, to.length);
  for (let pair = 0; pair < pairs; pair++) {
    const both = from[pair]!;
    // Magnitudes from 2^-14 up to 4, nearly all weights, have 4 bits of exponent above the base's and are exact in fp16. A borrow of the
    // lower half shows in its own upper bits.
    const above = ((both & 0x7fff7fff) - TWICE_2_TO_MINUS_14) | 0;
    if ((above & 0xf800f800) === 0) {
      to[pair] = (both & 0x80008000) | ((above << 3) + 0x04000400);
    } else {
      const low = table[both & 0xffff]!;
      const high = table[both >>> 16]!;
      flags |= low | high;
      to[pair] = (low & 0xffff) | (high << 16);
    }
  }
  for (let i = 2 * pairs; i < source.length; i++) {
    const entry = table[source[i]!]!;
    flags |= entry;
    destination[i] = entry;
  }
  return (flags & OVERFLOWS) !== 0;
}

/** 2^-14, the smallest normal fp16, as bf16 in both halves. */
const TWICE_2_TO_MINUS_14 = 0x38803880;

/** Beside the 16 bits of an entry: the value is finite in bf16, but not in fp16. */
const OVERFLOWS = 1 << 16;
/** The fp16 bits of every bf16 pattern. */
let narrowTable: Int32Array | undefined;

function makeNarrowTable(): Int32Array {
  const values = new Float32Array(0x10000);
  const narrow = new Uint16Array(0x10000);
  bf16ToFloat32(
    Uint16Array.from(values, (_, bits) => bits),
    values,
  );
  float32ToFp16(values, narrow);
  return Int32Array.from(narrow, (bits, i) => {
    const overflows = Number.isFinite(values[i]) && (bits & 0x7fff) === 0x7c00;
    return overflows ? bits | OVERFLOWS : bits;
  });
}

/** The float32 bits of every fp16 pattern. */
let fp16Table: Int32Array | undefined;

function makeFp16Table(): Int32Array {
  const table = new Float32Array(0x10000);
  const bits = new Int32Array(table.buffer);
  for (let half = 0; half < 0x10000; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 0x1f;
    const mantissa = half & 0x3ff;
    if (exponent === 0) {
      table[half] = mantissa * 2 ** -24;
      bits[half]! |= sign;
    } else {
      bits[half] = sign | ((exponent === 0x1f ? 0xff : exponent + 112) << 23) | (mantissa << 13);
    }
  }
  return bits;
}

/** Two values a word, the first one in its lower half, without an odd last one; none where the first does not begin a word. */
function pairsOf(values: Uint16Array): Int32Array {
  const count = values.byteOffset % Int32Array.BYTES_PER_ELEMENT === 0 ? values.length >>> 1 : 0;
  return new Int32Array(values.buffer, count === 0 ? 0 : values.byteOffset, count);
}

function bitsOf(values: Float32Array, otherLength: number): Int32Array {
  invariant(values.length === otherLength, `${values.length} and ${otherLength} elements: lengths differ`);
  return new Int32Array(values.buffer, values.byteOffset, values.length);
}
