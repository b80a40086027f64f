// Runs a model with a custom op 50 times, in step with another worker, and posts the results.
import { parentPort, workerData } from 'node:worker_threads';
import { CustomOpDomain } from '../../dist/onnxruntime/custom-op-domain.js';
import { Env } from '../../dist/onnxruntime/env.js';
import { openOnnxRuntime } from '../../dist/onnxruntime/library.js';
import { Session } from '../../dist/onnxruntime/session.js';
import { SessionOptions } from '../../dist/onnxruntime/session-options.js';
import { Tensor } from '../../dist/onnxruntime/tensor.js';

const { model, domain: domainName, arrived, state } = workerData;
const runtime = openOnnxRuntime();
const env = new Env(runtime);
const domain = new CustomOpDomain(runtime, domainName);
let runs = 0;
domain.registerCustomOp({
  name: 'AddState',
  provider: 'cpu',
  inputs: [{ type: 'f32' }],
  outputs: [{ type: 'f32' }],
  compute(context) {
    if (Atomics.add(arrived, runs, 1) === 0) {
      if (Atomics.wait(arrived, runs, 1, 20_000) === 'timed-out') throw new Error('the other worker never came');
    } else {
      Atomics.notify(arrived, runs);
    }
    const x = context.input(0);
    context.output(0, x.shape).data()[0] = x.data()[0] + state + runs;
    runs++;
  },
});
const options = new SessionOptions(runtime, { intraOpNumThreads: 1 });
options.addCustomOpDomain(domain);
const session = new Session(env, model, options);
const results = [];
for (let n = 0; n < 50; n++) {
  const x = Tensor.over(runtime, Float32Array.of(n), [1]);
  const { y } = session.runOnce({ x });
  results.push(y.data()[0]);
  for (const handle of [x, y]) handle.dispose();
}
for (const handle of [session, options, domain, env]) handle.dispose();
parentPort.postMessage(results);
