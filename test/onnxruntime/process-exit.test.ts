import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { unary } from './models.ts';

const program = fileURLToPath(new URL('stuck-process.mjs', import.meta.url));
const model = Buffer.from(unary('Sleep', 'f32', 'test')).toString('base64');

/** The exit code of a process with a worker inside a 300 s native call, ended as `how` says; null when it had to be killed. */
async function endStuckProcess(how: 'exitNow' | 'process.exit', patience: number): Promise<number | null> {
  const stuck = spawn(process.execPath, [program, how, model], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(stuck, 'exit') as Promise<[number | null]>;
  await Promise.race([once(stuck.stdout, 'data'), exit]); // the worker is stuck, the end begins
  const timer = setTimeout(() => stuck.kill('SIGKILL'), patience);
  const [code] = await exit;
  clearTimeout(timer);
  return code;
}

describe('exitNow', () => {
  it('ends the process, with its code, while a worker is inside a native call', async () => {
    expect(await endStuckProcess('exitNow', 50_000)).toBe(3);
  });

  it('is needed: process.exit waits for that worker', async () => {
    expect(await endStuckProcess('process.exit', 1_000)).toBe(null);
  });
});
