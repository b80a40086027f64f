import { afterEach, describe, expect, test } from 'vitest';
import { SseReader } from '../../bench/sse-reader.ts';
import { StreamingClient, type StreamRequest } from '../../bench/streaming-client.ts';
import { Workload } from '../../bench/workload.ts';
import { type Answer, FakeServer, frame } from './fake-server.ts';

let close: (() => Promise<void>) | undefined;
afterEach(async () => {
  await close?.();
  close = undefined;
});

async function start(answer?: Answer): Promise<{ server: FakeServer; client: StreamingClient }> {
  const server = new FakeServer(answer);
  const client = new StreamingClient({ url: await server.listen(), apiKey: 'k' });
  close = async () => {
    client.close();
    await server.close();
  };
  return { server, client };
}

function workload(endpoint: 'chat' | 'completions', seed = 1): Workload {
  return new Workload({ endpoint, model: 'm', vocabSize: 50, seed });
}

describe('SSE reader', () => {
  const text = ': ping\n\ndata: {"a":1}\n\ndata:{"b":"é深"}\r\n\r\nevent: x\ndata: [DONE]\n\n';

  test.each([1, 2, 3, 7, 1000])('reads text in pieces of %i', (size) => {
    const payloads: string[] = [];
    const reader = new SseReader((payload) => payloads.push(payload));
    for (let i = 0; i < text.length; i += size) reader.push(text.slice(i, i + size));
    expect(payloads).toEqual(['{"a":1}', '{"b":"é深"}', '[DONE]']);
  });

  test('holds an unfinished line back', () => {
    const payloads: string[] = [];
    const reader = new SseReader((payload) => payloads.push(payload));
    reader.push('data: x');
    expect(payloads).toEqual([]);
    reader.push('y\n');
    expect(payloads).toEqual(['xy']);
  });
});

test('completions: exact lengths, one time a token, in order', async () => {
  const { server, client } = await start();
  const result = await client.stream(workload('completions').next({ promptTokens: 17, maxTokens: 5 }));
  expect(result).toMatchObject({ outcome: 'ok', error: null, promptTokens: 17, outputTokens: 5 });
  expect(result.tokenTimes).toHaveLength(5);
  const times = [result.startedAt, ...result.tokenTimes, result.endedAt];
  expect(times).toEqual([...times].sort((a, b) => a - b));
  const { path, body } = server.requests[0]!;
  expect(path).toBe('/v1/completions');
  expect(body).toMatchObject({ model: 'm', max_tokens: 5, temperature: 0, ignore_eos: true, stream: true });
  expect(body.stream_options?.include_usage).toBe(true);
  expect(body.prompt).toHaveLength(17);
  expect(body.prompt?.every((id) => Number.isInteger(id) && id >= 0 && id < 50)).toBe(true);
});

test('chat: the role chunk and the finish chunk are not tokens', async () => {
  const { client, server } = await start();
  const result = await client.stream(workload('chat').next({ promptTokens: 3, maxTokens: 4 }));
  expect(result.outcome).toBe('ok');
  expect(result.tokenTimes).toHaveLength(4);
  expect(server.requests[0]?.body.messages?.[0]?.content.split(' ')).toHaveLength(3);
});

test('prompts repeat with the seed and differ without it', () => {
  const bodies = (seed: number) => {
    const load = workload('completions', seed);
    return [load.next({ promptTokens: 8, maxTokens: 1 }).body, load.next({ promptTokens: 8, maxTokens: 1 }).body];
  };
  expect(bodies(1)).toEqual(bodies(1));
  expect(new Set([...bodies(1), ...bodies(2)]).size).toBe(4);
});

const TOKEN = frame({ choices: [{ text: 'a', finish_reason: null }] });
const USAGE = frame({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 3 } });

test.each<[string, string, RegExp]>([
  ['cut before [DONE]', TOKEN + USAGE, /without \[DONE\]/],
  ['no usage', TOKEN + frame('[DONE]'), /no usage/],
  [
    'too short',
    TOKEN + frame({ usage: { prompt_tokens: 1, completion_tokens: 2 } }) + frame('[DONE]'),
    /2 output tokens instead of 3/,
  ],
  ['error frame', TOKEN + frame({ error: { message: 'engine failed' } }) + frame('[DONE]'), /engine failed/],
  ['bad frame', frame('{"choices":') + USAGE + frame('[DONE]'), /not JSON/],
])('a broken stream is an error: %s', async (_name, frames, expected) => {
  const { client } = await start((_request, response) => void response.writeHead(200).end(frames));
  const result = await client.stream(workload('completions').next({ promptTokens: 1, maxTokens: 3 }));
  expect(result.outcome).toBe('error');
  expect(result.error).toMatch(expected);
});

test('refusals, cut connections and absent servers are outcomes too', async () => {
  const request: StreamRequest = workload('completions').next({ promptTokens: 1, maxTokens: 3 });
  const { client } = await start((_request, response) => {
    if (request.path === '/v1/completions') response.writeHead(429).end('{"error":{"message":"busy"}}');
  });
  expect(await client.stream(request)).toMatchObject({ outcome: 'error', error: expect.stringMatching(/^429 .*busy/) });
  await close?.();
  const cut = await start((_request, response) => {
    response.writeHead(200).write(TOKEN, () => response.destroy());
  });
  expect((await cut.client.stream(request)).outcome).toBe('error');
  await cut.server.close();
  close = undefined;
  expect(await cut.client.stream(request)).toMatchObject({
    outcome: 'error',
    error: expect.stringContaining('ECONNREFUSED'),
  });
});

test('an abandoned stream closes its socket at the wanted token', async () => {
  let gone: Promise<void> | undefined;
  const { client, server } = await start((_request, response) => {
    response.writeHead(200);
    response.write(TOKEN + TOKEN + TOKEN);
    gone = new Promise((resolve) => response.on('close', resolve));
  });
  const result = await client.stream(workload('completions').next({ promptTokens: 1, maxTokens: 9, abortAfter: 2 }));
  expect(result).toMatchObject({ outcome: 'aborted', error: null });
  await gone;
  expect(server.abandoned).toBe(1);
});

test('an address that is not http is refused', () => {
  expect(() => new StreamingClient({ url: 'https://127.0.0.1' })).toThrow(/http:/);
});
