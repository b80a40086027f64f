import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/errors.ts';
import { Env } from '../../src/onnxruntime/env.ts';
import { IoBinding } from '../../src/onnxruntime/io-binding.ts';
import { OnnxRuntimeError } from '../../src/onnxruntime/onnxruntime-error.ts';
import { Session } from '../../src/onnxruntime/session.ts';
import { SessionOptions } from '../../src/onnxruntime/session-options.ts';
import { Tensor } from '../../src/onnxruntime/tensor.ts';
import { openSession, runtime, sumAndProduct, unary } from './models.ts';
import { onnxModel } from './onnx-writer.ts';

function caught(call: () => void): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

function f32(values: number[], shape: number[] = [values.length]): Tensor {
  return Tensor.over(runtime, Float32Array.from(values), shape);
}

describe('Session', () => {
  it('reads names, types and shapes from the model', () => {
    using session = openSession(sumAndProduct);
    expect(session.inputNames).toEqual(['a', 'b']);
    expect(session.inputs).toEqual([
      { name: 'a', elementType: 'f32', shape: ['rows', 3] },
      { name: 'b', elementType: 'f32', shape: [3] },
    ]);
    expect(session.outputNames).toEqual(['sum', 'product']);
    expect(session.outputs[1]).toEqual({ name: 'product', elementType: 'f32', shape: ['rows', 3] });
  });

  it('reads a scalar input as an empty shape', () => {
    const scalar = { type: 'i64', shape: [] } as const;
    using session = openSession(
      onnxModel({
        nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
        inputs: [{ name: 'x', ...scalar }],
        outputs: [{ name: 'y', ...scalar }],
      }),
    );
    expect(session.inputs[0]).toEqual({ name: 'x', elementType: 'i64', shape: [] });
    using x = Tensor.over(runtime, BigInt64Array.of(-7n), []);
    using y = session.runOnce({ x })['y']!;
    expect(y.shape).toEqual([]);
    expect(y.data()).toEqual(BigInt64Array.of(-7n));
  });

  it('computes', () => {
    using session = openSession(sumAndProduct);
    using a = f32([1, 2, 3, 4, 5, 6], [2, 3]);
    using b = f32([10, 100, 1000]);
    const { sum, product } = session.runOnce({ a, b });
    using sumTensor = sum!;
    using productTensor = product!;
    expect(sumTensor.shape).toEqual([2, 3]);
    expect(sumTensor.data()).toEqual(Float32Array.of(11, 102, 1003, 14, 105, 1006));
    expect(productTensor.data()).toEqual(Float32Array.of(10, 200, 3000, 40, 500, 6000));
  });

  it('computes only the outputs that are asked for', () => {
    using session = openSession(sumAndProduct);
    using a = f32([1, 2, 3], [1, 3]);
    using b = f32([1, 1, 1]);
    const outputs = session.runOnce({ a, b }, ['product']);
    expect(Object.keys(outputs)).toEqual(['product']);
    outputs['product']!.dispose();
  });

  it('needs neither the model bytes nor Env and options after it is made', () => {
    const bytes = Uint8Array.from(sumAndProduct);
    using session = openSession(bytes);
    bytes.fill(0);
    using a = f32([1, 2, 3], [1, 3]);
    using sum = session.runOnce({ a, b: a.shape.length === 2 ? f32([1, 1, 1]) : a })['sum']!;
    expect(sum.data()).toEqual(Float32Array.of(2, 3, 4));
  });

  describe('external initialisers', () => {
    const withFolder = (test: (folder: string) => void): void => {
      const folder = mkdtempSync(path.join(tmpdir(), 'onnxruntime-'));
      try {
        // 3 padding bytes: an offset need not be aligned.
        writeFileSync(
          path.join(folder, 'weights.bin'),
          Buffer.concat([Buffer.alloc(3), Buffer.from(Float32Array.of(5, 6, 7, 8).buffer)]),
        );
        test(folder);
      } finally {
        rmSync(folder, { recursive: true });
      }
    };
    const model = onnxModel({
      nodes: [{ op: 'Mul', inputs: ['x', 'w'], outputs: ['y'] }],
      inputs: [{ name: 'x', type: 'f32', shape: [4] }],
      outputs: [{ name: 'y', type: 'f32', shape: [4] }],
      initializers: [{ name: 'w', type: 'f32', shape: [4], data: { location: 'weights.bin', offset: 3, length: 16 } }],
    });

    it('come from the folder of the config entry when the model is bytes', () => {
      withFolder((folder) => {
        using session = openSession(model, {
          configEntries: { 'session.model_external_initializers_file_folder_path': folder },
        });
        using x = f32([1, 10, 100, 1000]);
        using y = session.runOnce({ x })['y']!;
        expect(y.data()).toEqual(Float32Array.of(5, 60, 700, 8000));
      });
    });

    it('come from beside the model when it is a file', () => {
      withFolder((folder) => {
        const file = path.join(folder, 'möbius.onnx');
        writeFileSync(file, model);
        using env = new Env(runtime);
        using options = new SessionOptions(runtime, { intraOpNumThreads: 1 });
        using session = new Session(env, file, options);
        using x = f32([1, 1, 1, 1]);
        using y = session.runOnce({ x })['y']!;
        expect(y.data()).toEqual(Float32Array.of(5, 6, 7, 8));
      });
    });
  });

  it('passes on what ONNX Runtime says about a model that it cannot load', () => {
    const error = caught(() => openSession(Uint8Array.of(1, 2, 3)));
    expect(error).toBeInstanceOf(OnnxRuntimeError);
    expect(error).toMatchObject({ functionName: 'CreateSessionFromArray', code: 'INVALID_PROTOBUF' });
    const unknown = caught(() => openSession(unary('NoSuchOperator'))) as OnnxRuntimeError;
    expect(unknown.message).toMatch(/^CreateSessionFromArray: .*NoSuchOperator/);
  });

  it('lists name, type and shape of the inputs, and no data, when a run fails', () => {
    using session = openSession(sumAndProduct);
    using a = f32([123456, 2, 3, 4], [2, 2]);
    using b = f32([1, 2, 3]);
    const error = caught(() => session.runOnce({ a, b })) as OnnxRuntimeError;
    expect(error).toBeInstanceOf(OnnxRuntimeError);
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toBe(`RunWithBinding failed (inputs: a: f32[2, 2]; b: f32[3]): ${error.reason}`);
    expect(error.reason).toContain('Got invalid dimensions for input: a');
    expect(error.message).not.toContain('123456');
  });

  it('fails in the same way on an input of another element type', () => {
    using session = openSession(unary('Neg'));
    using x = Tensor.over(runtime, BigInt64Array.of(1n), [1]);
    expect(() => session.runOnce({ x })).toThrow(/inputs: x: i64\[1\].*Unexpected input data type/);
  });

  it('names an input that is not bound and one that does not exist', () => {
    using session = openSession(sumAndProduct);
    using a = f32([1, 2, 3], [1, 3]);
    expect(() => session.runOnce({ a })).toThrow(new InvariantError('input "b" is not bound (bound: a: f32[1, 3])'));
    expect(() => session.runOnce({ a, c: a })).toThrow(
      new InvariantError(
        'the model has no input "c" (inputs: a: f32[rows, 3]; b: f32[3]; bound: a: f32[1, 3]; c: f32[1, 3])',
      ),
    );
    expect(() => session.runOnce({ a, b: a }, ['quotient'])).toThrow('the model has no output "quotient"');
  });

  it('refuses the binding of another session', () => {
    using session = openSession(unary('Neg'));
    using other = openSession(unary('Neg'));
    using binding = new IoBinding(other);
    expect(() => session.run(binding)).toThrow('the binding belongs to another session');
  });

  it('says that a build without CUDA has none', () => {
    using options = new SessionOptions(runtime);
    expect(() => options.appendCuda({ deviceId: 0 })).toThrow(OnnxRuntimeError);
  });
});
