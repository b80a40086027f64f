import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../src/cli/package-root.ts';

const READY_LIMIT_MS = 600_000;
const STOP_LIMIT_MS = 15_000;

/** Loads a module of the built program, whose worker threads start from dist/ as well. @param file relative to dist */
export function importBuilt<Module>(file: string): Promise<Module> {
  return import(pathToFileURL(path.join(packageRoot(), 'dist', file)).href) as Promise<Module>;
}

/** A server of the built program in a process of its own. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** Ends it and waits until it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts a server on a free port of this machine and waits until it answers. It takes its settings from the
 * environment (LATENT_SERVE_…), too.
 *
 * @param args of `serve`, without host and port
 * @throws Error with the server's output when it does not become ready
 */
export async function startServerProcess(args: readonly string[]): Promise<ServerProcess> {
  const port = await freePort();
  const main = path.join(packageRoot(), 'dist/cli/main.js');
  const command = [main, 'serve', ...args, '--host', '127.0.0.1', '--port', String(port), '--log-level', 'warn'];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-10_000);
    });
  }
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  // Whatever ends this process must not leave the server behind.
  const kill = (): void => void child.kill('SIGKILL');
  const quit = (): never => process.exit(1);
  process.once('exit', kill).once('SIGINT', quit).once('SIGTERM', quit);
  const stop = async (): Promise<void> => {
    process.off('exit', kill).off('SIGINT', quit).off('SIGTERM', quit);
    if (hasEnded()) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const force = setTimeout(kill, STOP_LIMIT_MS);
    await ended;
    clearTimeout(force);
  };
  const url = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + READY_LIMIT_MS;
  while (!hasEnded() && performance.now() < deadline) {
    const answer = await fetch(`${url}/health`).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.ok) return { url, pid: child.pid!, stop };
    await delay(100);
  }
  await stop();
  throw new Error(`the server did not become ready: ${output.trim()}`);
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  listener.close();
  await once(listener, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port could be taken');
  return address.port;
}
