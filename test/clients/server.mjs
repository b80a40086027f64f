import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const READY_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 15_000;

/** The server under test, in a process of its own. */
export class Server {
  /** What it has written so far. */
  log = '';
  #child;

  constructor(child, url) {
    this.#child = child;
    this.url = url;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.log += text;
      });
    }
  }

  /**
   * Starts the built program and waits until it is ready.
   * @param root folder of the repository
   * @param args further arguments of `serve`
   * @throws Error with the server's output when it does not become ready
   */
  static async start(root, args) {
    const port = await freePort();
    const command = ['dist/cli/main.js', 'serve', ...args, '--host', '127.0.0.1', '--port', String(port)];
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LATENT_SERVE_')));
    const child = spawn(process.execPath, command, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const server = new Server(child, `http://127.0.0.1:${port}`);
    try {
      await server.#ready();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Ends it as a service manager would. @returns the exit code, or the name of the signal that was needed */
  async stop() {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? child.signalCode;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    const [code, signal] = await exited;
    clearTimeout(force);
    return code ?? signal;
  }

  /** Ends it without waiting. */
  kill() {
    this.#child.kill('SIGKILL');
  }

  async #ready() {
    const deadline = performance.now() + READY_LIMIT_MS;
    while (this.#child.exitCode === null && this.#child.signalCode === null && performance.now() < deadline) {
      const answer = await fetch(`${this.url}/health`).catch(() => null);
      await answer?.body?.cancel();
      if (answer?.status === 200) return;
      await delay(100);
    }
    throw new Error(`the server did not become ready:\n${this.log}`);
  }
}

async function freePort() {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address();
  listener.close();
  await once(listener, 'close');
  return port;
}
