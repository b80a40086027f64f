import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/errors.ts';
import type { ElementType, TensorData } from '../../src/onnxruntime/element-type.ts';
import { Tensor } from '../../src/onnxruntime/tensor.ts';
import { openSession, runtime, unary } from './models.ts';
import type { TestValue } from './onnx-writer.ts';

function echo(data: TensorData, elementType?: ElementType): TensorData {
  using x = Tensor.over(runtime, data, [data.length], elementType);
  using session = openSession(unary('Identity', x.elementType as TestValue['type']));
  using y = session.runOnce({ x })['y']!;
  expect(y.elementType).toBe(x.elementType);
  return y.data().slice();
}

describe('Tensor', () => {
  it.each<[ElementType, TensorData]>([
    ['f32', Float32Array.of(1.5, -0, Number.NaN, 3e38)],
    ['i64', BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n)],
    ['bool', Uint8Array.of(0, 1, 1)],
    ['f16', Uint16Array.of(0x3c00, 0xfbff, 0x7e00)],
    ['bf16', Uint16Array.of(0x3f80, 0xff7f, 0x7fc0)],
  ])('carries %s to the runtime and back', (type, data) => {
    expect(echo(data, type)).toEqual(data);
  });

  it('takes the element type from the array, except where that is ambiguous', () => {
    const typeOf = (data: TensorData): ElementType => {
      using tensor = Tensor.over(runtime, data, [data.length]);
      return tensor.elementType;
    };
    expect(typeOf(new Int32Array(1))).toBe('i32');
    expect(typeOf(new BigInt64Array(1))).toBe('i64');
    expect(typeOf(Buffer.alloc(1))).toBe('u8');
    expect(() => typeOf(new Uint16Array(1))).toThrow('the element type of a Uint16Array must be given');
  });

  it('lies over its array without copying, over a part of a shared buffer too', () => {
    const shared = new Float32Array(new SharedArrayBuffer(64), 8, 4);
    using x = Tensor.over(runtime, shared, [4]);
    using session = openSession(unary('Neg'));
    shared.set([1, 2, 3, 4]);
    using y = session.runOnce({ x })['y']!;
    expect(y.data()).toEqual(Float32Array.of(-1, -2, -3, -4));
    expect(x.data()).toBe(shared);
  });

  it('keeps pointing at a small array while the garbage collector moves things', () => {
    using session = openSession(unary('Neg'));
    const tensors = Array.from({ length: 200 }, (_, i) => Tensor.over(runtime, Float32Array.of(i), [1]));
    let garbage: unknown[] = [];
    for (let i = 0; i < 200_000; i++) {
      garbage.push({ i });
      if (garbage.length > 10_000) garbage = [];
    }
    const results = tensors.map((x) => {
      using y = session.runOnce({ x })['y']!;
      return y.data()[0];
    });
    expect(results).toEqual(tensors.map((_, i) => -i));
    for (const tensor of tensors) tensor.dispose();
  });

  it('may be empty', () => {
    expect(echo(new Float32Array(0))).toEqual(new Float32Array(0));
  });

  it('refuses a shape or an element type that does not fit the array', () => {
    const six = new Float32Array(6);
    expect(() => Tensor.over(runtime, six, [2, 2])).toThrow(InvariantError);
    expect(() => Tensor.over(runtime, six, [-2, -3])).toThrow('[-2,-3] is not a shape');
    expect(() => Tensor.over(runtime, six, [2.5])).toThrow(InvariantError);
    expect(() => Tensor.over(runtime, six, [6], 'i64')).toThrow('i64 does not lie over a Float32Array');
  });

  it('reports address and size', () => {
    const data = new Float32Array(8);
    using whole = Tensor.over(runtime, data, [8]);
    using part = Tensor.over(runtime, data.subarray(2), [2, 3]);
    expect(part.dataPointer - whole.dataPointer).toBe(8n);
    expect(part.byteLength).toBe(24);
  });

  it('gives its memory back: 2,000 cycles of 1 MB leave the process at its size', () => {
    using session = openSession(unary('Neg'));
    const data = new Float32Array(250_000);
    const cycle = (): void => {
      using x = Tensor.over(runtime, data, [data.length]);
      using y = session.runOnce({ x })['y']!;
      expect(y.data().length).toBe(data.length);
    };
    for (let i = 0; i < 200; i++) cycle();
    const before = process.memoryUsage.rss();
    for (let i = 0; i < 2000; i++) cycle();
    expect(process.memoryUsage.rss() - before).toBeLessThan(60e6);
  });
});
