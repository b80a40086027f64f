import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { IoBinding } from '../../src/onnxruntime/io-binding.ts';
import { RunOptions, terminateRuns } from '../../src/onnxruntime/run-options.ts';
import { Tensor } from '../../src/onnxruntime/tensor.ts';
import { endlessLoop, openSession, runtime, unary } from './models.ts';

describe('RunOptions', () => {
  it('stop runs while the terminate flag is set', () => {
    using session = openSession(unary('Neg'));
    using x = Tensor.over(runtime, new Float32Array(1), [1]);
    using binding = new IoBinding(session);
    binding.bindInput('x', x);
    binding.bindOutput('y', x);
    using options = new RunOptions(runtime, { logSeverity: 'fatal' });
    options.setTerminate();
    expect(() => session.run(binding, options)).toThrow(/terminate flag/);
    options.unsetTerminate();
    session.run(binding, options);
  });

  it('stop a run on another thread', async () => {
    const worker = new Worker(new URL('endless-run-worker.mjs', import.meta.url), { workerData: endlessLoop });
    const messages: unknown[] = [];
    const exit = new Promise<number>((resolve, reject) => worker.on('exit', resolve).on('error', reject));
    worker.on('message', (message: unknown) => {
      messages.push(message);
      if (typeof message === 'bigint') terminateRuns(runtime, message);
    });
    expect(await exit).toBe(0);
    expect(messages[1]).toMatch(/^RunWithBinding failed \(inputs: x: f32\[2\]\): .*terminate flag/s);
  });

  it('refuse a config entry that ONNX Runtime refuses', () => {
    using options = new RunOptions(runtime, { configEntries: { gpu_graph_id: '3' } });
    expect(() => options.addConfigEntry('', 'x')).toThrow(/^AddRunConfigEntry: /);
  });
});
