import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/errors.ts';
import { Allocator } from '../../src/onnxruntime/allocator.ts';
import { IoBinding } from '../../src/onnxruntime/io-binding.ts';
import { CPU_DEVICE, MemoryInfo } from '../../src/onnxruntime/memory-info.ts';
import { Tensor } from '../../src/onnxruntime/tensor.ts';
import { openSession, runtime, sumAndProduct, unary } from './models.ts';

describe('IoBinding', () => {
  it('writes an output into the array that it is bound over, run after run', () => {
    using session = openSession(unary('Neg'));
    const input = Float32Array.of(1, 2, 3);
    const output = new Float32Array(3);
    using x = Tensor.over(runtime, input, [3]);
    using y = Tensor.over(runtime, output, [3]);
    using binding = new IoBinding(session);
    binding.bindInput('x', x);
    binding.bindOutput('y', y);
    session.run(binding);
    expect(output).toEqual(Float32Array.of(-1, -2, -3));
    input.set([7, 8, 9]);
    session.run(binding);
    expect(output).toEqual(Float32Array.of(-7, -8, -9));
    expect(binding.getOutputs()['y']).toBe(y);
  });

  it('lets ONNX Runtime allocate outputs whose shape changes, and leaves earlier results alone', () => {
    using session = openSession(unary('Neg'));
    using memory = new MemoryInfo(runtime, CPU_DEVICE);
    using binding = new IoBinding(session);
    binding.bindOutputToDevice('y', memory);
    using two = Tensor.over(runtime, Float32Array.of(1, 2), [2]);
    binding.bindInput('x', two);
    session.run(binding);
    using first = binding.getOutputs()['y']!;
    using three = Tensor.over(runtime, Float32Array.of(3, 4, 5), [3]);
    binding.bindInput('x', three);
    session.run(binding);
    using second = binding.getOutputs()['y']!;
    expect(second.shape).toEqual([3]);
    expect(second.data()).toEqual(Float32Array.of(-3, -4, -5));
    expect(first.data()).toEqual(Float32Array.of(-1, -2));
  });

  it('gives outputs their own names whatever the order of binding and rebinding', () => {
    using session = openSession(sumAndProduct);
    using memory = new MemoryInfo(runtime, CPU_DEVICE);
    using binding = new IoBinding(session);
    using a = Tensor.over(runtime, Float32Array.of(1, 2, 3), [1, 3]);
    using b = Tensor.over(runtime, Float32Array.of(10, 10, 10), [3]);
    using bound = Tensor.over(runtime, new Float32Array(3), [1, 3]);
    binding.bindInput('b', b);
    binding.bindInput('a', a);
    binding.bindOutputToDevice('product', memory);
    binding.bindOutputToDevice('sum', memory);
    binding.bindOutput('product', bound);
    session.run(binding);
    const { sum, product } = binding.getOutputs();
    using sumTensor = sum!;
    expect(sumTensor.data()).toEqual(Float32Array.of(11, 12, 13));
    expect(product).toBe(bound);
    expect(bound.data()).toEqual(Float32Array.of(10, 20, 30));
  });

  it('reads inputs and writes outputs in memory of the session’s allocator', () => {
    using session = openSession(unary('Neg'));
    using memory = new MemoryInfo(runtime, CPU_DEVICE);
    using allocator = new Allocator(session, memory);
    using x = Tensor.allocate(allocator, 'f32', [4]);
    using y = Tensor.allocate(allocator, 'f32', [4]);
    x.data().set([1, 2, 3, 4] as never);
    using binding = new IoBinding(session);
    binding.bindInput('x', x);
    binding.bindOutput('y', y);
    session.run(binding);
    expect(y.data()).toEqual(Float32Array.of(-1, -2, -3, -4));
    expect(x.dataPointer).not.toBe(y.dataPointer);
  });

  it('refuses to write an output into a tensor of another shape', () => {
    using session = openSession(unary('Neg'));
    using x = Tensor.over(runtime, new Float32Array(3), [3]);
    using y = Tensor.over(runtime, new Float32Array(4), [4]);
    using binding = new IoBinding(session);
    binding.bindInput('x', x);
    binding.bindOutput('y', y);
    expect(() => session.run(binding)).toThrow(/RunWithBinding failed \(inputs: x: f32\[3\]\): .*shape/i);
    expect(() => binding.getOutputs()).toThrow(InvariantError);
  });

  it('keeps bound tensors alive when they are disposed of', () => {
    using session = openSession(unary('Neg'));
    const output = new Float32Array(2);
    using binding = new IoBinding(session);
    {
      using x = Tensor.over(runtime, Float32Array.of(5, 6), [2]);
      using y = Tensor.over(runtime, output, [2]);
      binding.bindInput('x', x);
      binding.bindOutput('y', y);
    }
    session.run(binding);
    expect(output).toEqual(Float32Array.of(-5, -6));
  });

  it('forgets what it is told to clear', () => {
    using session = openSession(unary('Neg'));
    using x = Tensor.over(runtime, new Float32Array(1), [1]);
    using binding = new IoBinding(session);
    binding.bindInput('x', x);
    binding.bindOutput('y', x);
    binding.clearInputs();
    binding.clearOutputs();
    expect(() => binding.getOutputs()).toThrow(InvariantError);
    expect(() => session.run(binding)).toThrow(new InvariantError('input "x" is not bound (bound: none)'));
  });

  it('has no outputs before it has been run', () => {
    using session = openSession(unary('Neg'));
    using memory = new MemoryInfo(runtime, CPU_DEVICE);
    using binding = new IoBinding(session);
    binding.bindOutputToDevice('y', memory);
    expect(() => binding.getOutputs()).toThrow('it has not been run since its outputs were bound');
  });
});
