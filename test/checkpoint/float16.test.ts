import { describe, expect, it } from 'vitest';
import {
  bf16ToFloat32,
  bf16ToFp16,
  float32ToBf16,
  float32ToFp16,
  fp16ToFloat32,
} from '../../src/checkpoint/float16.ts';
import { InvariantError } from '../../src/errors.ts';
import { Env } from '../../src/onnxruntime/env.ts';
import { openOnnxRuntime } from '../../src/onnxruntime/library.ts';
import { Session } from '../../src/onnxruntime/session.ts';
import { SessionOptions } from '../../src/onnxruntime/session-options.ts';
import { Tensor } from '../../src/onnxruntime/tensor.ts';
import { DataType, onnxModel } from '../onnxruntime/onnx-writer.ts';

const allPatterns = Uint16Array.from({ length: 0x10000 }, (_, i) => i);

function widen(convert: typeof bf16ToFloat32, bits: Uint16Array): Float32Array {
  const values = new Float32Array(bits.length);
  convert(bits, values);
  return values;
}

function narrow(convert: typeof float32ToBf16, values: Float32Array): Uint16Array {
  const bits = new Uint16Array(values.length);
  convert(values, bits);
  return bits;
}

/** ONNX Runtime's Cast, an implementation that is not ours. */
function cast(values: Float32Array, type: 'f16' | 'bf16'): Uint16Array {
  const runtime = openOnnxRuntime();
  using env = new Env(runtime);
  using options = new SessionOptions(runtime, { graphOptimizationLevel: 'disabled', intraOpNumThreads: 1 });
  const model = onnxModel({
    nodes: [{ op: 'Cast', inputs: ['x'], outputs: ['y'], attributes: { to: { int: DataType[type] } } }],
    inputs: [{ name: 'x', type: 'f32', shape: ['N'] }],
    outputs: [{ name: 'y', type, shape: ['N'] }],
  });
  using session = new Session(env, model, options);
  using x = Tensor.over(runtime, values, [values.length]);
  const outputs = session.runOnce({ x });
  using y = outputs['y']!;
  return Uint16Array.from(y.data() as Uint16Array);
}

/** Random bit patterns (every exponent as likely as another), plus each half-way point of the format and its neighbours. */
function roundingCases(convert: typeof bf16ToFloat32): Float32Array {
  let state = 0x2545f491;
  const random = Uint32Array.from({ length: 200_000 }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  });
  const around: number[] = [];
  const values = widen(convert, allPatterns);
  for (let i = 0; i + 1 < values.length; i += 3) {
    const half = (values[i]! + values[i + 1]!) / 2;
    around.push(half, half * (1 + 2 ** -23), half * (1 - 2 ** -23));
  }
  const noNan = (x: number): boolean => !Number.isNaN(x);
  return Float32Array.from([...new Float32Array(random.buffer), ...around].filter(noNan));
}

/** The nearest of the format's numbers, ties to the even pattern, by search in the table of all its finite numbers. */
function nearest(x: number, finite: Float32Array, infinity: number): number {
  const magnitude = Math.abs(x);
  let low = 0;
  let high = finite.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (finite[middle]! <= magnitude) low = middle;
    else high = middle - 1;
  }
  // The step above the largest number is the step below it: half of it decides between that number and infinity.
  const next = finite[low + 1] ?? 2 * finite[low]! - finite[low - 1]!;
  const below = magnitude - finite[low]!;
  const above = next - magnitude;
  const up = below > above || (below === above && low % 2 === 1);
  const pattern = Math.min(up ? low + 1 : low, infinity);
  return pattern | (x < 0 || Object.is(x, -0) ? 0x8000 : 0);
}

describe.each([
  { format: 'bf16', mantissa: 7, bias: 127, widenAll: bf16ToFloat32, narrowAll: float32ToBf16 },
  { format: 'f16', mantissa: 10, bias: 15, widenAll: fp16ToFloat32, narrowAll: float32ToFp16 },
] as const)('$format', ({ format, mantissa, bias, widenAll, narrowAll }) => {
  const infinity = 0x8000 - 2 ** mantissa;

  it('widens all 65,536 patterns to the number that IEEE 754 assigns them', () => {
    const values = widen(widenAll, allPatterns);
    const wrong = [...allPatterns].filter((bits) => {
      const sign = bits >= 0x8000 ? -1 : 1;
      const magnitude = bits & 0x7fff;
      const exponent = magnitude >> mantissa;
      const fraction = (magnitude % 2 ** mantissa) / 2 ** mantissa;
      let expected = sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
      if (magnitude >= infinity) expected = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
      return !Object.is(values[bits], expected);
    });
    expect(wrong).toEqual([]);
  });

  it('narrows every number of the format back to its pattern, and NaN to NaN of the same sign', () => {
    const back = narrow(narrowAll, widen(widenAll, allPatterns));
    const wrong = [...allPatterns].filter((bits) =>
      (bits & 0x7fff) > infinity
        ? (back[bits]! & 0x7fff) <= infinity || (back[bits]! & 0x8000) !== (bits & 0x8000)
        : back[bits] !== bits,
    );
    expect(wrong).toEqual([]);
  });

  it('rounds to nearest, ties to even', () => {
    const cases = roundingCases(widenAll);
    const finite = widen(widenAll, allPatterns.subarray(0, infinity));
    const narrowed = narrow(narrowAll, cases);
    const wrong = [...cases].filter((x, i) => narrowed[i] !== nearest(x, finite, infinity));
    expect(wrong).toEqual([]);
  });

  it('agrees with ONNX Runtime', () => {
    const cases = roundingCases(widenAll);
    expect(Buffer.compare(Buffer.from(narrow(narrowAll, cases).buffer), Buffer.from(cast(cases, format).buffer))).toBe(
      0,
    );
  });

  it('keeps a NaN whose payload lies in the bits that are cut off', () => {
    const nan = new Float32Array(Uint32Array.of(0x7f800001, 0xff800001).buffer);
    expect(widen(widenAll, narrow(narrowAll, nan))).toEqual(Float32Array.of(Number.NaN, Number.NaN));
  });

  it('respects the offset of a subarray and refuses different lengths', () => {
    const target = new Float32Array(4);
    widenAll(narrow(narrowAll, Float32Array.of(1.5, -2)), target.subarray(1, 3));
    expect([...target]).toEqual([0, 1.5, -2, 0]);
    expect(() => widenAll(new Uint16Array(2), target)).toThrow(InvariantError);
  });
});

describe('bf16 to fp16', () => {
  it('equals the way over float32, for every pattern', () => {
    const direct = new Uint16Array(0x10000);
    bf16ToFp16(allPatterns, direct);
    expect(direct).toEqual(narrow(float32ToFp16, widen(bf16ToFloat32, allPatterns)));
  });

  it('does not depend on the neighbours of a value, nor on where it lies', () => {
    const kinds = [0, 0.01, -3.5, 4, -1e-5, 1e-30, 65_280, Infinity, -Infinity, Number.NaN, -0];
    const pairs = kinds.flatMap((one) => kinds.flatMap((other) => [one, other]));
    const bits = narrow(float32ToBf16, Float32Array.from([...pairs, 0.5]));
    const expected = narrow(float32ToFp16, widen(bf16ToFloat32, bits));
    for (const first of [0, 1]) {
      for (const into of [0, 1]) {
        const source = new Uint16Array(bits.length + 1).subarray(first, first + bits.length);
        source.set(bits);
        const target = new Uint16Array(bits.length + 1).subarray(into, into + bits.length);
        expect(bf16ToFp16(source, target)).toBe(false);
        expect(target).toEqual(expected);
        expect(widen(bf16ToFloat32, source)).toEqual(widen(bf16ToFloat32, bits));
      }
    }
  });

  it('tells when a finite value becomes infinite, and only then', () => {
    const overflows = (value: number): boolean => {
      const bits = narrow(float32ToBf16, Float32Array.of(0, value));
      return bf16ToFp16(bits, new Uint16Array(2));
    };
    expect([65_280, -65_280, 1e-30, Infinity, -Infinity, Number.NaN].map(overflows)).not.toContain(true);
    expect([65_536, -65_536, 1e38].map(overflows)).not.toContain(false);
    expect(bf16ToFp16(narrow(float32ToBf16, Float32Array.of(65_536, 0)), new Uint16Array(2))).toBe(true);
  });
});
