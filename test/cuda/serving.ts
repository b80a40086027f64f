import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const PORT = 8123;
const START_MS = 60_000;

/** An answer of the server with the ids of its tokens. */
export interface ServedAnswer {
  readonly tokenIds: readonly number[];
  readonly text: string;
}

/** The built server in a process of its own, with a checkpoint of its choice: the shipped model. */
export interface Serving {
  /** @param maxTokens of the answer, which is the greedy one */
  answer(messages: readonly object[], maxTokens: number): Promise<ServedAnswer>;
  /** Resolves when the process has ended. */
  stop(): Promise<void>;
}

/** @param flags of `serve` @throws Error when it does not become ready */
export async function startServing(flags: readonly string[]): Promise<Serving> {
  const all = [MAIN, 'serve', '--port', String(PORT), '--log-format', 'json', ...flags];
  const server = spawn(process.execPath, all, { stdio: 'inherit' });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    server.kill('SIGTERM');
    await ended;
  };
  const url = `http://127.0.0.1:${PORT}`;
  const isReady = (): Promise<boolean> =>
    fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  const deadline = Date.now() + START_MS;
  while (!(await isReady())) {
    if (server.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`a server with ${flags.join(' ')} did not become ready`);
    }
    await delay(200);
  }
  return {
    async answer(messages, maxTokens) {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ messages, temperature: 0, max_tokens: maxTokens, return_token_ids: true }),
      });
      const body = (await response.json()) as { choices?: { token_ids: number[]; message: { content: string } }[] };
      const choice = body.choices?.[0];
      if (!choice) throw new Error(`the server answered ${response.status}: ${JSON.stringify(body)}`);
      return { tokenIds: choice.token_ids, text: choice.message.content };
    },
    stop,
  };
}
