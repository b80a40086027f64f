import { afterEach, describe, expect, it } from 'vitest';
import { ChatClient, ChatError } from '../../src/cli/chat-client.ts';
import { Conversation } from '../../src/cli/conversation.ts';
import { type FakeAnswer, FakeChatServer } from './support/fake-chat-server.ts';
import { Cli, runCli } from './support/run-cli.ts';

let server: FakeChatServer | undefined;
afterEach(() => server?.close());

async function start(answer: FakeAnswer | ((question: string) => FakeAnswer)): Promise<FakeChatServer> {
  server = await FakeChatServer.start(({ messages }) =>
    typeof answer === 'function' ? answer(messages.at(-1)!.content) : answer,
  );
  return server;
}

const echo = (question: string): FakeAnswer => ({ pieces: ['You said ', question, '.'] });

describe('chat over a pipe', () => {
  it('answers each line and sends the conversation so far', async () => {
    const { url, bodies } = await start(echo);
    const args = ['chat', '--url', url, '--system', 'Be brief.', '--temperature', '0', '--max-tokens', '7'];
    const { code, stdout, stderr } = await runCli(args, { input: 'one\n\n  two \n' });
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'You said one.\nYou said two.\n', stderr: '' });
    expect(bodies).toHaveLength(2);
    expect(bodies[1]).toMatchObject({
      model: 'first',
      stream: true,
      temperature: 0,
      max_tokens: 7,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'one' },
        { role: 'assistant', content: 'You said one.' },
        { role: 'user', content: 'two' },
      ],
    });
  });

  it('leaves sampling to the server when nothing is asked for, and takes /v1 in the address', async () => {
    const { url, bodies } = await start(echo);
    await runCli(['chat', 'b', '--url', `${url}/v1/`], { input: 'x' });
    expect(bodies[0]).toMatchObject({ model: 'b', messages: [{ role: 'user', content: 'x' }] });
    expect(bodies[0]).not.toHaveProperty('temperature');
    expect(bodies[0]).not.toHaveProperty('max_tokens');
  });

  it('knows /reset, /system and /exit; other slashes are for the model', async () => {
    const { url, bodies } = await start(echo);
    const input = 'one\n/reset\ntwo\n/system Sing.\n/etc/hosts?\n/exit\nnever\n';
    const { code, stdout } = await runCli(['chat', '--url', url], { input });
    expect(code).toBe(0);
    expect(stdout).toBe('You said one.\nYou said two.\nYou said /etc/hosts?.\n');
    expect(bodies.map(({ messages }) => messages.map(({ content }) => content))).toEqual([
      ['one'],
      ['two'],
      ['Sing.', '/etc/hosts?'],
    ]);
  });

  it('sends the key of the flag, else of the environment', async () => {
    const { url, authorizations } = await start(echo);
    await runCli(['chat', 'm', '--url', url, '--api-key', 'k1'], { input: 'x' });
    await runCli(['chat', 'm', '--url', url], { input: 'x', env: { LATENT_SERVE_API_KEY: 'k2,k3' } });
    await runCli(['chat', 'm', '--url', url], { input: 'x' });
    expect(authorizations).toEqual(['Bearer k1', 'Bearer k2', undefined]);
  });

  it.each<[string, FakeAnswer, string]>([
    [
      'an HTTP error',
      { status: 401, body: '{"error":{"message":"Incorrect API key provided."}}' },
      '401: Incorrect API key',
    ],
    ['a page of a proxy', { status: 502, body: '<h1>Bad\ngateway</h1>' }, '502: <h1>Bad gateway</h1>'],
    ['an error in the stream', { pieces: ['a'], frame: '{"error":{"message":"it broke"}}' }, 'it broke'],
    ['a chunk that is not JSON', { pieces: ['a'], frame: '{' }, 'not JSON'],
    ['a stream that is cut off', { pieces: ['a'], cut: true }, 'before the answer was complete'],
  ])('ends with one line and exit code 1 at %s', async (_, answer, message) => {
    const { url } = await start(answer);
    const { code, stderr } = await runCli(['chat', 'm', '--url', url], { input: 'x\ny\n' });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain(message);
  });

  it('says when there is no server', async () => {
    const { url, close } = await FakeChatServer.start(() => ({ pieces: [] })).then((fake) => ({
      url: fake.url,
      close: fake.close(),
    }));
    await close;
    const { code, stderr } = await runCli(['chat', '--url', url], { input: 'x' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^latent-serve: http:\S+ cannot be reached: .*ECONNREFUSED.*\n$/);
  });

  it('writes the answer as it comes', async () => {
    const { url } = await start({ pieces: ['Hel', 'lo'], hangs: true });
    const cli = new Cli(['chat', 'm', '--url', url]);
    cli.child.stdin.write('x\n');
    await cli.stdoutMatching(/^Hello$/);
    cli.child.kill('SIGKILL');
    await cli.result;
  });
});

describe('ChatClient', () => {
  it('sums an answer up', async () => {
    const { url } = await start({ pieces: ['a', 'b', 'c'] });
    const stream = new ChatClient(url, null).stream('m', [], {}, new AbortController().signal);
    let next = await stream.next();
    while (!next.done) next = await stream.next();
    expect(next.value).toMatchObject({ finishReason: 'stop', numTokens: 3 });
    expect(next.value.decodeSeconds).toBeGreaterThanOrEqual(0);
  });

  it('ends the request when it is aborted', async () => {
    const fake = await start({ pieces: ['a'], hangs: true });
    const abort = new AbortController();
    const stream = new ChatClient(fake.url, null).stream('m', [], {}, abort.signal);
    expect((await stream.next()).value).toBe('a');
    abort.abort();
    await expect(stream.next()).rejects.toThrow(/abort/i);
    await fake.left;
  });

  it('ends the request when its reader leaves', async () => {
    const fake = await start({ pieces: ['a'], hangs: true });
    for await (const _ of new ChatClient(fake.url, null).stream('m', [], {}, new AbortController().signal)) break;
    await fake.left;
  });

  it('names the server in errors', async () => {
    const { url } = await start({ status: 404, body: '{"error":"Unauthorized"}' });
    const stream = new ChatClient(url, null).stream('m', [], {}, new AbortController().signal);
    const error = await stream.next().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ChatError);
    expect((error as Error).message).toBe(`${url} answered 404: Unauthorized`);
  });
});

describe('Conversation', () => {
  it('takes a question without an answer back', () => {
    const conversation = new Conversation(null);
    conversation.ask('a');
    conversation.answer('');
    conversation.ask('b');
    conversation.answer('c');
    expect(conversation.messages.map(({ role, content }) => `${role}:${content}`)).toEqual(['user:b', 'assistant:c']);
  });

  it('drops the system message when it is set to nothing', () => {
    const conversation = new Conversation('s');
    conversation.setSystem('');
    expect(conversation.messages).toEqual([]);
  });
});
