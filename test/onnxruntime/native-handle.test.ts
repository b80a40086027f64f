import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/errors.ts';
import { Allocator } from '../../src/onnxruntime/allocator.ts';
import { CustomOpDomain } from '../../src/onnxruntime/custom-op-domain.ts';
import { Env } from '../../src/onnxruntime/env.ts';
import { IoBinding } from '../../src/onnxruntime/io-binding.ts';
import { CPU_DEVICE, MemoryInfo } from '../../src/onnxruntime/memory-info.ts';
import type { NativeHandle } from '../../src/onnxruntime/native-handle.ts';
import { RunOptions } from '../../src/onnxruntime/run-options.ts';
import { Session } from '../../src/onnxruntime/session.ts';
import { SessionOptions } from '../../src/onnxruntime/session-options.ts';
import { Tensor } from '../../src/onnxruntime/tensor.ts';
import { openSession, runtime, unary } from './models.ts';

/** One of each, in the order in which they depend on each other. */
function everything(): NativeHandle[] {
  const env = new Env(runtime);
  const domain = new CustomOpDomain(runtime, 'test');
  const options = new SessionOptions(runtime, { intraOpNumThreads: 1 });
  options.addCustomOpDomain(domain);
  const session = new Session(env, unary('Neg'), options);
  const memory = new MemoryInfo(runtime, CPU_DEVICE);
  const allocator = new Allocator(session, memory);
  const x = Tensor.allocate(allocator, 'f32', [3]);
  const binding = new IoBinding(session);
  binding.bindInput('x', x);
  binding.bindOutputToDevice('y', memory);
  const runOptions = new RunOptions(runtime);
  session.run(binding, runOptions);
  const y = binding.getOutputs()['y']!;
  return [env, domain, options, session, memory, allocator, x, binding, runOptions, y];
}

function interleaved(handles: NativeHandle[]): NativeHandle[] {
  const odd = handles.filter((_, i) => i % 2 === 1);
  return [...odd, ...handles.filter((_, i) => i % 2 === 0).reverse()];
}

describe('native handles', () => {
  it('may be disposed of in any order, any number of times', () => {
    for (const order of [everything(), everything().reverse(), interleaved(everything())]) {
      for (const handle of order) handle.dispose();
      for (const handle of order) handle.dispose();
      expect(order.every((handle) => handle.disposed)).toBe(true);
    }
  });

  it('throw when they are used after dispose', () => {
    for (const handle of everything().reverse()) {
      handle.dispose();
      expect(() => handle.pointer).toThrow(new InvariantError(`${handle.constructor.name} is used after dispose`));
    }
    const session = openSession(unary('Neg'));
    const x = Tensor.over(runtime, new Float32Array(1), [1]);
    const binding = new IoBinding(session);
    binding.bindInput('x', x);
    x.dispose();
    expect(() => x.data()).toThrow(InvariantError);
    expect(() => x.dataPointer).toThrow(InvariantError);
    expect(() => binding.bindInput('x', x)).toThrow(InvariantError);
    session.dispose();
    expect(() => session.run(binding)).toThrow(new InvariantError('Session is used after dispose'));
    expect(() => new IoBinding(session)).toThrow(InvariantError);
    binding.dispose();
    expect(() => binding.clearInputs()).toThrow(InvariantError);
  });

  it('keep the native session while something that was made from it is in use', () => {
    const session = openSession(unary('Neg'));
    using memory = new MemoryInfo(runtime, CPU_DEVICE);
    const allocator = new Allocator(session, memory);
    using x = Tensor.allocate(allocator, 'f32', [1000]);
    session.dispose();
    allocator.dispose();
    x.data().fill(3 as never);
    expect(x.data()[999]).toBe(3);
  });
});
