import { bf16ToFloat32, float32ToFp16, fp16ToFloat32 } from '../checkpoint/float16.ts';
import { QUANTIZATION_BLOCK } from '../deepseek-v2/precision.ts';
import { invariant } from '../errors.ts';
import type { SourceDtype, ValueSpan } from './convert-values.ts';

/*
 * Quantised weights: a weight is (code - 128) * scale, codes from 1 to 255 in u8, one f16 scale for each block of 128
 * columns of a row. The columns of every 16 are stored in the order 0 1 8 9, 2 3 10 11, 4 5 12 13, 6 7 14 15: what a lane of the
 * tensor cores multiplies at once are two neighbouring columns and the two that come 8 later, which so are one word. Columns
 * behind the last 16 of a row keep their order.
 */

/** The code of 0, and what rounds to nearest where fractions are cut off. */
const HALF_UP = 128 + 0.5;
const LARGEST_CODE = 127;
const GROUP = 16;
/** The largest finite fp16, as bits of a float32. */
const LARGEST_FP16_BITS = 0x477fe000;

/** Rows for {@link quantizeRows}, `width` values each, in one buffer with their scales. */
export interface QuantizedSpan {
  readonly buffer: ArrayBuffer;
  /** Byte of the first code. Codes begin at byte 0 of the buffer and have rows of equal width, so that this also says which row it is. */
  readonly codesAt: number;
  /** Byte of the scale of the buffer's very first row. */
  readonly scalesAt: number;
  readonly width: number;
}

export function scalesPerRow(width: number): number {
  return Math.ceil(width / QUANTIZATION_BLOCK);
}

/**
 * Quantises whole rows: every code is the nearest one, a block's scale its largest magnitude / 127 (in fp16).
 * @returns false when a value is beyond fp16 or not finite
 */
export function quantizeRows(from: SourceDtype, { buffer, byteOffset, count }: ValueSpan, to: QuantizedSpan): boolean {
  const { width } = to;
  const rows = count / width;
  const row = to.codesAt / width;
  invariant(Number.isInteger(rows) && Number.isInteger(row), 'only whole rows are quantised');
  const blocks = scalesPerRow(width);
  const codes = new Uint8Array(to.buffer, to.codesAt, count);
  const scales = new Uint16Array(to.buffer, to.scalesAt + Uint16Array.BYTES_PER_ELEMENT * row * blocks, rows * blocks);
  if (latest?.values.length !== width) latest = new RowQuantizer(width);
  const quantizer = latest;
  for (let r = 0; r < rows; r++) {
    const [begin, end] = [r * width, (r + 1) * width];
    if (from === 'F32') quantizer.values.set(new Float32Array(buffer, byteOffset, count).subarray(begin, end));
    else {
      const widen = from === 'BF16' ? bf16ToFloat32 : fp16ToFloat32;
      widen(new Uint16Array(buffer, byteOffset, count).subarray(begin, end), quantizer.values);
    }
    if (!quantizer.quantize(codes.subarray(begin, end), scales.subarray(r * blocks, (r + 1) * blocks))) return false;
  }
  return true;
}

/** Kept for the next call: interleaved rows come one at a time, and most rows of a model have one width. */
let latest: RowQuantizer | null = null;

class RowQuantizer {
  /** The row to be quantised. */
  readonly values: Float32Array<ArrayBuffer>;
  readonly #bits: Int32Array;
  /** Of each block: the largest magnitude, as float and as its bits; the scale. */
  readonly #largest: Float32Array<ArrayBuffer>;
  readonly #largestBits: Int32Array;
  readonly #scales: Float32Array;

  constructor(width: number) {
    this.values = new Float32Array(width);
    this.#bits = new Int32Array(this.values.buffer);
    this.#largest = new Float32Array(scalesPerRow(width));
    this.#largestBits = new Int32Array(this.#largest.buffer);
    this.#scales = new Float32Array(scalesPerRow(width));
  }

  quantize(codes: Uint8Array, scales: Uint16Array): boolean {
    if (!this.#findLargest()) return false;
    this.#chooseScales(scales);
    const { values } = this;
    const wholeGroups = values.length - (values.length % GROUP);
    for (let block = 0, begin = 0; begin < values.length; block++, begin += QUANTIZATION_BLOCK) {
      const scale = this.#scales[block]!;
      const inverse = scale === 0 ? 0 : 1 / scale;
      const end = Math.min(begin + QUANTIZATION_BLOCK, values.length);
      const endOfGroups = Math.min(end, wholeGroups);
      for (let group = begin; group < endOfGroups; group += GROUP) {
        for (let pair = 0; pair < GROUP / 2; pair += 2) {
          const from = group + pair;
          const to = from + pair;
          codes[to] = values[from]! * inverse + HALF_UP;
          codes[to + 1] = values[from + 1]! * inverse + HALF_UP;
          codes[to + 2] = values[from + 8]! * inverse + HALF_UP;
          codes[to + 3] = values[from + 9]! * inverse + HALF_UP;
        }
      }
      for (let i = Math.max(begin, endOfGroups); i < end; i++) codes[i] = values[i]! * inverse + HALF_UP;
    }
    return true;
  }

  /** Bits of magnitudes are ordered as these are, with infinity and NaN at the end. */
  #findLargest(): boolean {
    const bits = this.#bits;
    let all = 0;
    for (let block = 0, begin = 0; begin < bits.length; block++, begin += QUANTIZATION_BLOCK) {
      const end = Math.min(begin + QUANTIZATION_BLOCK, bits.length);
      // Two maxima, in arithmetic: which of two weights is larger is a guess to the processor, and one maximum would wait for itself.
      let even = 0;
      let odd = 0;
      let i = begin;
      for (; i + 1 < end; i += 2) {
        const aboveEven = ((bits[i]! & 0x7fffffff) - even) | 0;
        const aboveOdd = ((bits[i + 1]! & 0x7fffffff) - odd) | 0;
        even = (even + (aboveEven & ~(aboveEven >> 31))) | 0;
        odd = (odd + (aboveOdd & ~(aboveOdd >> 31))) | 0;
      }
      if (i < end) even = Math.max(even, bits[i]! & 0x7fffffff);
      this.#largestBits[block] = Math.max(even, odd);
      all = Math.max(all, even, odd);
    }
    return all <= LARGEST_FP16_BITS;
  }

  #chooseScales(scales: Uint16Array): void {
    const [largest, chosen] = [this.#largest, this.#scales];
    for (let block = 0; block < chosen.length; block++) chosen[block] = largest[block]! / LARGEST_CODE;
    float32ToFp16(chosen, scales);
    fp16ToFloat32(scales, chosen);
    for (let block = 0; block < chosen.length; block++) {
      // Tiny scales are rounded coarsely: the next larger one, where the largest value would get no code.
      if (largest[block]! < (LARGEST_CODE + 0.5) * chosen[block]! || largest[block] === 0) continue;
      scales[block]!++;
      fp16ToFloat32(scales.subarray(block, block + 1), chosen.subarray(block, block + 1));
    }
  }
}
