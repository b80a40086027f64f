import { Env } from '../../src/onnxruntime/env.ts';
import { openOnnxRuntime } from '../../src/onnxruntime/library.ts';
import { Session } from '../../src/onnxruntime/session.ts';
import { SessionOptions, type SessionOptionsInit } from '../../src/onnxruntime/session-options.ts';
import { onnxModel, type TestValue } from './onnx-writer.ts';

export const runtime = openOnnxRuntime();

/** A session on one thread whose Env and options are already disposed of: the session keeps what it needs of them. */
export function openSession(model: Uint8Array, init: SessionOptionsInit = {}): Session {
  using env = new Env(runtime, 'fatal');
  using options = new SessionOptions(runtime, { intraOpNumThreads: 1, ...init });
  return new Session(env, model, options);
}

const matrix = (name: string, ...shape: (number | string)[]): TestValue => ({ name, type: 'f32', shape });

/** sum [rows, 3] = a [rows, 3] + b [3]; product [rows, 3] = a * b. */
export const sumAndProduct = onnxModel({
  nodes: [
    { op: 'Add', inputs: ['a', 'b'], outputs: ['sum'] },
    { op: 'Mul', inputs: ['a', 'b'], outputs: ['product'] },
  ],
  inputs: [matrix('a', 'rows', 3), matrix('b', 3)],
  outputs: [matrix('sum', 'rows', 3), matrix('product', 'rows', 3)],
});

/** y = op(x), both [N] of one type. */
export function unary(op: string, type: TestValue['type'] = 'f32', domain = ''): Uint8Array {
  return onnxModel(
    {
      nodes: [{ op, domain, inputs: ['x'], outputs: ['y'] }],
      inputs: [{ name: 'x', type, shape: ['N'] }],
      outputs: [{ name: 'y', type, shape: ['N'] }],
    },
    domain === '' ? [] : [domain],
  );
}

/** Negates x [N] for ever. */
export const endlessLoop = onnxModel({
  nodes: [
    {
      op: 'Loop',
      inputs: ['', 'yes', 'x'],
      outputs: ['y'],
      attributes: {
        body: {
          graph: {
            nodes: [
              { op: 'Identity', inputs: ['go'], outputs: ['go_on'] },
              { op: 'Neg', inputs: ['value'], outputs: ['negated'] },
            ],
            inputs: [
              { name: 'iteration', type: 'i64', shape: [] },
              { name: 'go', type: 'bool', shape: [] },
              matrix('value', 'N'),
            ],
            outputs: [{ name: 'go_on', type: 'bool', shape: [] }, matrix('negated', 'N')],
          },
        },
      },
    },
  ],
  inputs: [matrix('x', 'N')],
  outputs: [matrix('y', 'N')],
  initializers: [{ name: 'yes', type: 'bool', shape: [], data: Uint8Array.of(1) }],
});
