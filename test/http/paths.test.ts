import { describe, expect, it } from 'vitest';
import { ScriptedEngine, say } from '../openai/support/scripted-engine.ts';
import { testApp } from './support/app.ts';

const chat = { messages: [{ role: 'user', content: 'q' }] };

describe("DeepSeek's paths: without /v1 and under /beta", () => {
  it.each(['/v1', '', '/beta'])('%s', async (base) => {
    const { app } = testApp(new ScriptedEngine(say('Hi')));
    const post = async (path: string, payload: object) =>
      (await app.inject({ method: 'POST', url: `${base}${path}`, payload })).json();
    const get = async (path: string) => (await app.inject({ method: 'GET', url: `${base}${path}` })).json();
    expect(await post('/chat/completions', chat)).toMatchObject({ object: 'chat.completion' });
    expect(await post('/completions', { prompt: 'q' })).toMatchObject({ object: 'text_completion' });
    expect(await post('/completions/render', { prompt: 'q' })).toHaveLength(1);
    expect(await post('/chat/completions/input_tokens', chat)).toEqual({ input_tokens: 4 });
    expect(await get('/models')).toMatchObject({ object: 'list', data: [{ id: 'org/tiny-v2' }] });
    expect(await get('/models/org/tiny-v2')).toMatchObject({ id: 'org/tiny-v2', object: 'model' });
    expect(await post('/requests/none/cancel', {})).toMatchObject({ error: { code: 'request_not_found' } });
  });
});

describe('slashes too many', () => {
  const payload = { messages: chat.messages, max_tokens: 8 };

  it.each(['/v1//chat/completions', '/v1/chat/completions/', '//chat/completions', '/v1//messages'])(
    '%s is answered',
    async (url) => {
      const { app } = testApp(new ScriptedEngine(say('Hi')));
      expect((await app.inject({ method: 'POST', url, payload })).statusCode).toBe(200);
    },
  );

  it('a wrong method and a wrong body are told as elsewhere', async () => {
    const { app } = testApp();
    const get = await app.inject({ method: 'GET', url: '/v1//completions/' });
    expect({ status: get.statusCode, allow: get.headers['allow'] }).toEqual({ status: 405, allow: 'POST' });
    const messages = await app.inject({ method: 'POST', url: '/v1//messages', payload: {} });
    expect(messages.json()).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' } });
  });
});

it('GET / names the server and lists each endpoint once', async () => {
  const answer = await testApp().app.inject({ method: 'GET', url: '/', headers: { host: 'example.test:8000' } });
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
  const { name, version, base_url, endpoints } = answer.json();
  expect({ name, version, base_url }).toEqual({
    name: 'latent-serve',
    version: '1.2.3',
    base_url: 'http://example.test:8000/v1',
  });
  expect(endpoints).toEqual(expect.arrayContaining(['POST /v1/chat/completions', 'GET /v1/models/*', 'GET /health']));
  expect(new Set(endpoints).size).toBe(endpoints.length);
  expect(endpoints.filter((endpoint: string) => /\/beta| \/models/.test(endpoint))).toEqual([]);
});

it('GET /load counts the requests that are being answered', async () => {
  const waiting: (() => void)[] = [];
  const engine = new ScriptedEngine(async function* (request, signal, index) {
    await new Promise<void>((resolve) => waiting.push(resolve));
    yield* say('Hi')(request, signal, index);
  });
  const { app } = testApp(engine);
  const load = async () => (await app.inject({ method: 'GET', url: '/load' })).json();
  expect(await load()).toEqual({ server_load: 0 });
  const answers = [false, true].map((stream) =>
    app.inject({ method: 'POST', url: '/v1/completions', payload: { prompt: 'q', stream } }),
  );
  while (engine.submissions.length < 2) await engine.nextSubmission();
  expect(await load()).toEqual({ server_load: 2 });
  for (const proceed of waiting) proceed();
  await Promise.all(answers);
  expect(await load()).toEqual({ server_load: 0 });
});

describe('ids', () => {
  const idOf = async (body: object, headers: Record<string, string>) =>
    (
      await testApp(new ScriptedEngine(say('Hi'))).app.inject({
        method: 'POST',
        url: '/v1/completions',
        payload: { prompt: 'q', ...body },
        headers,
      })
    ).json().id;

  it("an answer's id ends in request_id, else in the client's x-request-id, else in one of the server's", async () => {
    expect(await idOf({ request_id: 'mine' }, { 'x-request-id': 'theirs' })).toBe('cmpl-mine');
    expect(await idOf({}, { 'x-request-id': 'trace-1.a:b' })).toBe('cmpl-trace-1.a:b');
    expect(await idOf({ request_id: null }, { 'x-request-id': 'theirs' })).toBe('cmpl-theirs');
    expect(await idOf({}, {})).toMatch(/^cmpl-[0-9a-f]{32}$/);
  });

  it.each(['with space', 'a/b', 'x'.repeat(129), 'Ü'])(
    'an x-request-id that cannot be part of one: %s',
    async (header) => {
      expect(await idOf({}, { 'x-request-id': header })).toMatch(/^cmpl-[0-9a-f]{32}$/);
    },
  );

  it('chunks of a stream have it too', async () => {
    const answer = await testApp().app.inject({
      method: 'POST',
      url: '/v1/completions',
      payload: { prompt: 'q', stream: true },
      headers: { 'x-request-id': 'trace' },
    });
    expect(answer.body).toContain('"id":"cmpl-trace"');
    expect(answer.headers['x-request-id']).toBe('trace');
    expect(answer.headers['openai-processing-ms']).toMatch(/^\d+$/);
  });
});
