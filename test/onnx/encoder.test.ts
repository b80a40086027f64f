import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/errors.ts';
import { encodeModel } from '../../src/onnx/encoder.ts';
import { GraphBuilder } from '../../src/onnx/graph-builder.ts';
import { Env } from '../../src/onnxruntime/env.ts';
import { openOnnxRuntime } from '../../src/onnxruntime/library.ts';
import { Session } from '../../src/onnxruntime/session.ts';
import { SessionOptions } from '../../src/onnxruntime/session-options.ts';
import { Tensor } from '../../src/onnxruntime/tensor.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'latent-serve-onnx-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** ONNX Runtime's own parser and checker are the oracle. */
function run(
  graph: GraphBuilder,
  inputs: Record<string, { data: Float32Array; shape: number[] }>,
): Record<string, number[]> {
  const runtime = openOnnxRuntime();
  using env = new Env(runtime);
  using options = new SessionOptions(runtime, {
    configEntries: { 'session.model_external_initializers_file_folder_path': folder },
  });
  using session = new Session(env, encodeModel(graph.build('test')), options);
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { data, shape }]) => [name, Tensor.over(runtime, data, shape)]),
  );
  const outputs = session.runOnce(feeds);
  const values = Object.fromEntries(
    Object.entries(outputs).map(([name, tensor]) => [name, Array.from(tensor.data() as Float32Array)]),
  );
  for (const tensor of [...Object.values(feeds), ...Object.values(outputs)]) tensor.dispose();
  return values;
}

describe('encodeModel', () => {
  it('writes nodes, attributes of each kind, constants, and optional inputs and outputs', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'f32', ['rows', 4]);
    const [left, right] = graph.nodes('Split', [x, graph.constant('i64', [1, 3])], 2, { attributes: { axis: -1 } });
    const leaky = graph.node('LeakyRelu', [left!], { attributes: { alpha: { float: 0.5 } } });
    const clipped = graph.node('Clip', [right!, null, graph.constant('f32', [2], [])]);
    const joined = graph.node('Concat', [leaky, clipped], { attributes: { axis: 1 } });
    graph.output('y', graph.node('Transpose', [joined], { attributes: { perm: [1, 0] } }), [4, 'rows']);
    const data = Float32Array.from([-2, 1, 2, 3, 4, -5, 6, 0.5]);
    expect(run(graph, { x: { data, shape: [2, 4] } })).toEqual({ y: [-1, 4, 1, -5, 2, 2, 2, 0.5] });
  });

  it('points initialisers into a file', () => {
    const weights = Float32Array.from({ length: 2048 }, (_, index) => index);
    writeFileSync(path.join(folder, 'weights.bin'), weights);
    const graph = new GraphBuilder();
    const x = graph.input('x', 'f32', [1, 2]);
    const w = graph.external('w', 'f32', [2, 2], { location: 'weights.bin', offset: 4096, length: 16 });
    graph.output('y', graph.node('Gemm', [x, w], { attributes: { transB: 1 } }), [1, 2]);
    // w = [[1024, 1025], [1026, 1027]]
    expect(run(graph, { x: { data: Float32Array.from([1, 10]), shape: [1, 2] } })).toEqual({ y: [11274, 11296] });
  });

  it('is the same bytes for the same calls', () => {
    const build = (): Uint8Array => {
      const graph = new GraphBuilder();
      const x = graph.input('x', 'f32', [2]);
      graph.output('y', graph.node('Add', [x, graph.constant('f32', [1, 2])]), [2]);
      return encodeModel(graph.build('same'));
    };
    expect(build()).toEqual(build());
  });

  it('refuses two values of one name', () => {
    const graph = new GraphBuilder();
    graph.input('x', 'f32', [1]);
    expect(() => graph.input('x', 'f32', [1])).toThrow(InvariantError);
  });
});
