import { connect, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { type Script, ScriptedEngine, startOf } from '../openai/support/scripted-engine.ts';
import { listeningApp } from './support/app.ts';

const WORD = 'x'.repeat(10_000);

/** Speaks `total` words as fast as it is asked to, and notices when nobody asks any more. */
class Talker {
  pulled = 0;
  readonly isStalled: Promise<void>;
  #onStalled = (): void => {};
  #idle: NodeJS.Immediate | undefined;

  constructor() {
    this.isStalled = new Promise((resolve) => {
      this.#onStalled = resolve;
    });
  }

  script(total: number): Script {
    const talker = this;
    return async function* (request, signal) {
      yield startOf(request);
      for (; talker.pulled < total; talker.pulled++) {
        signal.throwIfAborted();
        talker.#watch(0);
        yield { type: 'delta', text: WORD, tokenIds: [1], logprobs: null };
      }
      clearImmediate(talker.#idle);
      yield { type: 'finish', reason: 'length', stopReason: null, numCompletionTokens: total };
    };
  }

  /** Many turns of the event loop without being asked for more: the server waits for its client. */
  #watch(turns: number): void {
    clearImmediate(this.#idle);
    this.#idle = setImmediate(() => (turns > 2000 ? this.#onStalled() : this.#watch(turns + 1)));
  }
}

function sendWithoutReading(port: number, n: number): Socket {
  const body = JSON.stringify({ prompt: 'q', stream: true, n });
  const socket = connect(port, '127.0.0.1');
  socket.pause();
  socket.write(
    `POST /v1/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  return socket;
}

it('a client that does not read stops the pulling, and gets everything once it reads', async () => {
  const total = 3000;
  const talker = new Talker();
  const { port } = await listeningApp(new ScriptedEngine(talker.script(total)));
  const socket = sendWithoutReading(port, 1);
  await talker.isStalled;
  // What the kernel's buffers hold, not the 30 MB of the whole answer.
  expect(talker.pulled).toBeLessThan(total * 0.8);

  let characters = 0;
  let tail = '';
  socket.on('data', (data) => {
    characters += data.length;
    tail = (tail + data).slice(-100);
  });
  const ended = new Promise((resolve) => socket.once('end', resolve));
  socket.resume();
  await ended;
  expect(talker.pulled).toBe(total);
  expect(characters).toBeGreaterThan(total * WORD.length);
  expect(tail).toContain('data: [DONE]');
});

it('a client that leaves while it is behind frees the engine', async () => {
  const talker = new Talker();
  const engine = new ScriptedEngine(talker.script(Infinity));
  const { port } = await listeningApp(engine);
  const submission = engine.nextSubmission();
  const socket = sendWithoutReading(port, 2);
  const { signal } = await submission;
  await talker.isStalled;
  expect(signal.aborted).toBe(false);
  socket.destroy();
  await new Promise((resolve) => (signal.aborted ? resolve(null) : signal.addEventListener('abort', resolve)));
  expect(signal.reason).toMatchObject({ name: 'ClientGone' });
});
