import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { ChatClient } from '../../src/cli/chat-client.ts';
import { runChatLoop } from '../../src/cli/chat-loop.ts';
import { type FakeAnswer, FakeChatServer } from './support/fake-chat-server.ts';

let server: FakeChatServer | undefined;
afterEach(() => server?.close());

/** A person at a terminal: keys in, screen out. */
class Terminal {
  readonly input = new PassThrough();
  readonly output = new PassThrough();
  #screen = '';
  #changed: (() => void)[] = [];

  constructor() {
    this.output.on('data', (data: Buffer) => {
      this.#screen += data.toString();
      for (const wake of this.#changed.splice(0)) wake();
    });
  }

  async shows(text: string): Promise<void> {
    while (!this.#screen.includes(text)) await new Promise<void>((resolve) => this.#changed.push(resolve));
    this.#screen = this.#screen.slice(this.#screen.indexOf(text) + text.length);
  }
}

async function open(answer: (question: string) => FakeAnswer): Promise<{ terminal: Terminal; done: Promise<void> }> {
  server = await FakeChatServer.start(({ messages }) => answer(messages.at(-1)!.content));
  const terminal = new Terminal();
  const { input, output } = terminal;
  const client = new ChatClient(server.url, null);
  const done = runChatLoop({ client, model: 'm', system: null, chat: {}, input, output, isInteractive: true });
  await terminal.shows('> ');
  return { terminal, done };
}

const CTRL_C = '\u0003';
const CTRL_D = '\u0004';

describe('chat at a terminal', () => {
  it('prompts, answers and says how fast that was', async () => {
    const { terminal, done } = await open(() => ({ pieces: ['Hel', 'lo'] }));
    terminal.input.write('hi\r');
    await terminal.shows('Hello');
    await terminal.shows('2 tokens, first after');
    await terminal.shows('> ');
    terminal.input.write('/exit\r');
    await done;
  });

  it('stops an answer at Ctrl-C, keeps what there was of it, and goes on', async () => {
    const { terminal, done } = await open((question) => ({
      pieces: ['par', 'tial'],
      ...(question === 'a' ? { hangs: true } : {}),
    }));
    terminal.input.write('a\r');
    await terminal.shows('partial');
    terminal.input.write(CTRL_C);
    await server!.left;
    await terminal.shows('stopped');
    await terminal.shows('> ');
    terminal.input.write('b\r');
    await terminal.shows('tokens');
    expect(server!.bodies[1]!.messages.map(({ content }) => content)).toEqual(['a', 'partial', 'b']);
    terminal.input.write(CTRL_C);
    await done;
  });

  it('leaves at Ctrl-D, also in the middle of an answer', async () => {
    const { terminal, done } = await open(() => ({ pieces: ['x'], hangs: true }));
    terminal.input.write('a\r');
    await terminal.shows('x');
    terminal.input.write(CTRL_D);
    await server!.left;
    await done;
  });

  it('shows an error and takes the question back', async () => {
    const { terminal, done } = await open((question) =>
      question === 'a' ? { status: 503, body: '{"error":{"message":"busy"}}' } : { pieces: ['ok'] },
    );
    terminal.input.write('a\r');
    await terminal.shows('answered 503: busy');
    await terminal.shows('> ');
    terminal.input.write('b\r');
    await terminal.shows('ok');
    expect(server!.bodies[1]!.messages.map(({ content }) => content)).toEqual(['b']);
    terminal.input.write(CTRL_D);
    await done;
  });
});
