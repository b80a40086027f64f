// Runs the model in workerData, which never ends by itself; posts the address of its run options first, then the error.
import { parentPort, workerData } from 'node:worker_threads';
import { Env } from '../../dist/onnxruntime/env.js';
import { IoBinding } from '../../dist/onnxruntime/io-binding.js';
import { openOnnxRuntime } from '../../dist/onnxruntime/library.js';
import { RunOptions } from '../../dist/onnxruntime/run-options.js';
import { Session } from '../../dist/onnxruntime/session.js';
import { SessionOptions } from '../../dist/onnxruntime/session-options.js';
import { Tensor } from '../../dist/onnxruntime/tensor.js';

const runtime = openOnnxRuntime();
const env = new Env(runtime, 'fatal');
const options = new SessionOptions(runtime, { intraOpNumThreads: 1 });
const session = new Session(env, workerData, options);
const x = Tensor.over(runtime, Float32Array.of(1, 2), [2]);
const binding = new IoBinding(session);
binding.bindInput('x', x);
binding.bindOutput('y', x);
const runOptions = new RunOptions(runtime);
parentPort.postMessage(runOptions.pointer);
try {
  session.run(binding, runOptions);
} catch (error) {
  parentPort.postMessage(error.message);
}
