import { Worker } from 'node:worker_threads';
import koffi from 'koffi';
import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/errors.ts';
import type { CustomOp } from '../../src/onnxruntime/custom-op.ts';
import { CustomOpDomain } from '../../src/onnxruntime/custom-op-domain.ts';
import { Env } from '../../src/onnxruntime/env.ts';
import { OnnxRuntimeError } from '../../src/onnxruntime/onnxruntime-error.ts';
import { Session } from '../../src/onnxruntime/session.ts';
import { SessionOptions } from '../../src/onnxruntime/session-options.ts';
import { Tensor } from '../../src/onnxruntime/tensor.ts';
import { runtime, unary } from './models.ts';
import { onnxModel, type TestGraph } from './onnx-writer.ts';

const DOMAIN = 'test.latent';

function sessionWith(model: Uint8Array, ...ops: CustomOp[]): Session {
  using env = new Env(runtime, 'fatal');
  using domain = new CustomOpDomain(runtime, DOMAIN);
  for (const op of ops) domain.registerCustomOp(op);
  using options = new SessionOptions(runtime, { intraOpNumThreads: 1 });
  options.addCustomOpDomain(domain);
  return new Session(env, model, options);
}

function graph(nodes: TestGraph['nodes'], inputs: string[]): Uint8Array {
  const vector = (name: string) => ({ name, type: 'f32', shape: ['N'] }) as const;
  return onnxModel({ nodes, inputs: inputs.map(vector), outputs: [vector('y')] }, [DOMAIN]);
}

/** y = factor * x + shift, plus a bias where there is one. */
const scale: CustomOp = {
  name: 'Scale',
  provider: 'cpu',
  inputs: [{ type: 'f32' }, { type: 'f32', optional: true }],
  outputs: [{ type: 'f32' }],
  attributes: { factor: 'float', shift: 'int' },
  compute(context) {
    const x = context.input(0);
    const bias = context.optionalInput(1)?.data() as Float32Array | undefined;
    const y = context.output(0, x.shape).data() as Float32Array;
    const { factor, shift } = context.attributes;
    (x.data() as Float32Array).forEach((value, i) => {
      y[i] = value * factor! + shift! + (bias?.[i] ?? 0);
    });
  },
};

function throwing(error: unknown): CustomOp {
  return {
    name: 'Fail',
    provider: 'cpu',
    inputs: [{ type: 'f32' }],
    outputs: [{ type: 'f32' }],
    compute() {
      throw error;
    },
  };
}

describe('custom ops', () => {
  it('compute with attributes, an optional input, and ONNX’s own operators around them', () => {
    const node = (inputs: string[], outputs: string[], factor: number, shift: number) => ({
      op: 'Scale',
      domain: DOMAIN,
      inputs,
      outputs,
      attributes: { factor: { float: factor }, shift: { int: shift } },
    });
    const model = graph(
      [node(['x'], ['a'], 0.5, 1), { op: 'Neg', inputs: ['a'], outputs: ['b'] }, node(['b', 'bias'], ['y'], 2, -3)],
      ['x', 'bias'],
    );
    using session = sessionWith(model, scale);
    using x = Tensor.over(runtime, Float32Array.of(2, 4), [2]);
    using bias = Tensor.over(runtime, Float32Array.of(100, 1000), [2]);
    using y = session.runOnce({ x, bias })['y']!;
    expect(y.data()).toEqual(Float32Array.of(-(2 * 0.5 + 1) * 2 - 3 + 100, -(4 * 0.5 + 1) * 2 - 3 + 1000));
  });

  it('see shape, type and address of their inputs', () => {
    let seen: unknown;
    const spy: CustomOp = {
      ...throwing(0),
      name: 'Spy',
      compute(context) {
        const x = context.input(0);
        seen = { shape: x.shape, elementType: x.elementType, pointer: x.pointer };
        context
          .output(0, x.shape)
          .data()
          .set(x.data() as never);
      },
    };
    using session = sessionWith(unary('Spy', 'f32', DOMAIN), spy);
    using x = Tensor.over(runtime, Float32Array.of(2, 4, 8), [3]);
    using y = session.runOnce({ x })['y']!;
    expect(seen).toEqual({ shape: [3], elementType: 'f32', pointer: x.dataPointer });
    expect(y.data()).toEqual(Float32Array.of(2, 4, 8));
  });

  it('turn what compute throws into the message and the cause of the failing run', () => {
    const mistake = new RangeError('slot 17 — außerhalb');
    using session = sessionWith(unary('Fail', 'f32', DOMAIN), throwing(mistake));
    using x = Tensor.over(runtime, Float32Array.of(1), [1]);
    for (let attempt = 0; attempt < 2; attempt++) {
      let error: unknown;
      try {
        session.runOnce({ x });
      } catch (caught) {
        error = caught;
      }
      expect(error).toBeInstanceOf(OnnxRuntimeError);
      expect((error as OnnxRuntimeError).message).toMatch(
        /^RunWithBinding failed \(inputs: x: f32\[1\]\): .*slot 17 — außerhalb/s,
      );
      expect((error as OnnxRuntimeError).cause).toBe(mistake);
    }
  });

  it('survive a thrown value that is no Error', () => {
    using session = sessionWith(unary('Fail', 'f32', DOMAIN), throwing('a bare string'));
    using x = Tensor.over(runtime, Float32Array.of(1), [1]);
    expect(() => session.runOnce({ x })).toThrow(/a bare string/);
  });

  it('report a missing attribute when the session is made', () => {
    expect(() => sessionWith(unary('Scale', 'f32', DOMAIN), scale)).toThrow(/factor/);
  });

  it('cannot dispose of anything or start a run while a run is in flight', () => {
    using other = Tensor.over(runtime, new Float32Array(1), [1]);
    const errors: unknown[] = [];
    const attempt = (call: () => void): void => {
      try {
        call();
      } catch (error) {
        errors.push(error);
      }
    };
    const meddler: CustomOp = {
      ...throwing(0),
      name: 'Meddle',
      compute(context) {
        attempt(() => session.dispose());
        attempt(() => other.dispose());
        attempt(() => session.runOnce({ x: other }));
        context
          .output(0, context.input(0).shape)
          .data()
          .fill(1 as never);
      },
    };
    const session = sessionWith(unary('Meddle', 'f32', DOMAIN), meddler);
    using y = session.runOnce({ x: other })['y']!;
    expect(errors).toHaveLength(3);
    for (const error of errors) expect(error).toBeInstanceOf(InvariantError);
    expect((errors[0] as Error).message).toBe('Session is disposed of while a run is in flight on the same thread');
    expect([session.disposed, other.disposed]).toEqual([false, false]);
    expect(y.data()).toEqual(Float32Array.of(1));
    session.dispose();
  });

  it('give their callbacks back', () => {
    const before = koffi.stats().callbacks;
    const session = sessionWith(unary('Fail', 'f32', DOMAIN), throwing(new Error('x')));
    expect(koffi.stats().callbacks).toBeGreaterThan(before);
    session.dispose();
    expect(koffi.stats().callbacks).toBe(before);
  });

  it('are refused twice under one name and in the parallel execution mode', () => {
    using domain = new CustomOpDomain(runtime, DOMAIN);
    domain.registerCustomOp(scale);
    expect(() => domain.registerCustomOp(scale)).toThrow(InvariantError);
    using options = new SessionOptions(runtime, { executionMode: 'parallel' });
    expect(() => options.addCustomOpDomain(domain)).toThrow(InvariantError);
  });

  it('run in two worker threads at once, each with its own state', async () => {
    // Each kernel waits in here until the other thread's kernel runs too: only two runs at once can get through.
    const arrived = new Int32Array(new SharedArrayBuffer(4 * 50));
    const model = unary('AddState', 'f32', DOMAIN);
    const results = await Promise.all(
      [1000, 2000].map(
        (state) =>
          new Promise((resolve, reject) => {
            new Worker(new URL('custom-op-worker.mjs', import.meta.url), {
              workerData: { model, domain: DOMAIN, arrived, state },
            })
              .once('message', resolve)
              .once('error', reject);
          }),
      ),
    );
    // The n-th run adds state + n to x = n.
    const expected = (state: number) => Array.from({ length: 50 }, (_, n) => n + state + n);
    expect(results).toEqual([expected(1000), expected(2000)]);
  });
});
