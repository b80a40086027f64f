// A worker enters a custom op whose kernel sleeps for 300 s in libc; as soon as it is in there, the main thread ends the
// process in the way that argv[2] names. argv[3] is the model, in base64.
import { writeSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import koffi from 'koffi';
import { CustomOpDomain } from '../../dist/onnxruntime/custom-op-domain.js';
import { Env } from '../../dist/onnxruntime/env.js';
import { openOnnxRuntime } from '../../dist/onnxruntime/library.js';
import { exitNow } from '../../dist/onnxruntime/process-exit.js';
import { Session } from '../../dist/onnxruntime/session.js';
import { SessionOptions } from '../../dist/onnxruntime/session-options.js';
import { Tensor } from '../../dist/onnxruntime/tensor.js';

if (isMainThread) {
  const entered = new Int32Array(new SharedArrayBuffer(4));
  new Worker(new URL(import.meta.url), { argv: process.argv.slice(2), workerData: entered });
  await Atomics.waitAsync(entered, 0, 0).value;
  // The worker sets the word just before its native call.
  await new Promise((resolve) => setTimeout(resolve, 100));
  writeSync(1, 'stuck');
  if (process.argv[2] === 'exitNow') exitNow(3);
  process.exit(4);
}

const runtime = openOnnxRuntime();
const domain = new CustomOpDomain(runtime, 'test');
const libc = koffi.load(process.platform === 'win32' ? 'kernel32.dll' : null);
const sleep =
  process.platform === 'win32' ? libc.func('Sleep', 'void', ['uint32_t']) : libc.func('sleep', 'uint', ['uint']);
domain.registerCustomOp({
  name: 'Sleep',
  provider: 'cpu',
  inputs: [{ type: 'f32' }],
  outputs: [{ type: 'f32' }],
  compute() {
    Atomics.store(workerData, 0, 1);
    Atomics.notify(workerData, 0);
    sleep(process.platform === 'win32' ? 300_000 : 300);
  },
});
const options = new SessionOptions(runtime, { intraOpNumThreads: 1 });
options.addCustomOpDomain(domain);
const session = new Session(new Env(runtime), Buffer.from(process.argv[3], 'base64'), options);
session.runOnce({ x: Tensor.over(runtime, new Float32Array(1), [1]) });
