import { describe, expect, it } from 'vitest';
import type { EngineState } from '../../src/engine/engine.ts';
import { unavailable } from '../../src/errors.ts';
import { buildApp } from '../../src/http/app.ts';
import type { HttpObservation } from '../../src/http/app-options.ts';
import { ScriptedEngine } from '../openai/support/scripted-engine.ts';
import { servedModel } from '../openai/support/served.ts';
import { testApp } from './support/app.ts';

const get = (url: string, made = testApp()) => made.app.inject({ method: 'GET', url });

describe('probes', () => {
  const expected: [EngineState, number, number][] = [
    ['ready', 200, 200],
    ['loading', 503, 200],
    ['draining', 503, 200],
    ['failed', 503, 503],
  ];
  it.each(expected)('%s: /health %i, /live %i', async (state, health, live) => {
    const made = testApp();
    made.engine.state = state;
    const ready = await get('/health', made);
    expect(ready.statusCode).toBe(health);
    expect((await get('/live', made)).statusCode).toBe(live);
    for (const url of ['/v1/health', '/ping']) expect((await get(url, made)).body).toBe(ready.body);
    expect((await made.app.inject({ method: 'POST', url: '/ping' })).statusCode).toBe(health);
    if (health === 503) {
      expect(ready.json().error).toMatchObject({ type: 'service_unavailable_error', param: null });
      expect(ready.headers['x-should-retry']).toBe(state === 'failed' ? 'false' : 'true');
    }
  });

  it('tell the version', async () => {
    expect((await get('/version')).json()).toEqual({ version: '1.2.3' });
  });
});

describe('models', () => {
  it('lists each model once', async () => {
    expect((await get('/v1/models')).json()).toEqual({
      object: 'list',
      data: [
        {
          id: 'org/tiny-v2',
          object: 'model',
          created: 1_700_000_000,
          owned_by: 'latent-serve',
          root: '/models/tiny-v2',
          parent: null,
          max_model_len: 256,
        },
      ],
    });
  });

  it.each(['org/tiny-v2', 'org%2Ftiny-v2', 'default', 'deepseek-chat'])('knows %s', async (id) => {
    const answer = await get(`/v1/models/${id}`);
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({
      id: decodeURIComponent(id),
      parent: id.includes('tiny') ? null : 'org/tiny-v2',
    });
  });

  it('does not know others', async () => {
    for (const id of ['gpt-4', 'org', `${'x'.repeat(900)}`]) {
      const answer = await get(`/v1/models/${id}`);
      expect(answer.statusCode).toBe(404);
      expect(answer.json().error).toMatchObject({ param: 'model', code: 'model_not_found' });
    }
  });

  it('answers while the model loads', async () => {
    const made = testApp();
    made.engine.state = 'loading';
    expect((await get('/v1/models', made)).json().data[0].max_model_len).toBeNull();
  });
});

describe('while loading', () => {
  it.each([
    ['/v1/chat/completions', { messages: [{ role: 'user', content: 'q' }] }],
    ['/v1/completions', { prompt: 'q', stream: true }],
    ['/tokenize', { prompt: 'q' }],
  ])('%s is a 503 to come back to', async (url, payload) => {
    const engine = new ScriptedEngine();
    Object.defineProperty(engine, 'limits', {
      get() {
        throw unavailable('The model is still loading.', 5);
      },
    });
    const answer = await testApp(engine).app.inject({ method: 'POST', url, payload });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers).toMatchObject({ 'retry-after': '5', 'x-should-retry': 'true' });
  });
});

describe('tokenize and detokenize', () => {
  const post = async (url: string, payload: object) =>
    (await testApp().app.inject({ method: 'POST', url, payload })).json();

  it('raw prompts', async () => {
    expect(await post('/tokenize', { prompt: '<eos>é', model: 'default' })).toEqual({
      count: 4,
      max_model_len: 256,
      tokens: [256, 257, 0xc3, 0xa9],
      token_strs: null,
    });
    expect(await post('/tokenize', { prompt: 'a', add_special_tokens: false, return_token_strs: true })).toEqual({
      count: 1,
      max_model_len: 256,
      tokens: [97],
      token_strs: ['a'],
    });
  });

  it('conversations, with the generation prompt unless told otherwise', async () => {
    const messages = [{ role: 'user', content: '<eos>' }];
    const ids = [256, 258, ...Buffer.from('<eos>')];
    expect((await post('/tokenize', { messages })).tokens).toEqual([...ids, 259]);
    expect((await post('/tokenize', { messages, add_generation_prompt: false })).tokens).toEqual(ids);
  });

  it('back to text, special tokens included', async () => {
    expect(await post('/detokenize', { tokens: [256, 0xc3, 0xa9] })).toEqual({ prompt: '<bos>é' });
    expect(await post('/detokenize', { tokens: [] })).toEqual({ prompt: '' });
  });

  it('of bodies above a megabyte, good and bad', async () => {
    const { app } = testApp();
    const send = (url: string, payload: string | object) =>
      app.inject({ method: 'POST', url, headers: { 'content-type': 'application/json' }, payload });
    const text = '漢"'.repeat(300_000);
    const tokenized = await send('/tokenize', { prompt: text, add_special_tokens: false });
    expect(tokenized.headers['content-type']).toBe('application/json; charset=utf-8');
    const { tokens, count } = tokenized.json();
    expect(count).toBe(1_200_000);
    const detokenized = await send('/detokenize', { tokens });
    expect(detokenized.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(detokenized.json().prompt === text).toBe(true);
    const broken = await send('/detokenize', `{"tokens": [${'1,'.repeat(600_000)}`);
    expect(broken.statusCode).toBe(400);
    expect(broken.json().error.type).toBe('invalid_request_error');
  });
});

describe('unknown paths and methods', () => {
  it('404 with the error body', async () => {
    for (const url of ['/v1', '/v2/models', '/v1/chat/completion', '/v1x/models', '/beta', '/v1/v1/models']) {
      const answer = await get(url);
      expect(answer.statusCode).toBe(404);
      expect(answer.json().error).toMatchObject({ type: 'not_found_error', param: null, code: 'unknown_url' });
      expect(answer.json().error.message.includes('once too often')).toBe(url === '/v1/v1/models');
    }
  });

  it.each([
    ['POST', '/v1/embeddings?x=1', 'embeddings'],
    ['POST', '/embeddings', 'embeddings'],
    ['POST', '/v1/audio/speech', 'audio'],
    ['POST', '/v1/images/generations', 'images'],
    ['POST', '/v1/moderations', 'moderation'],
    ['GET', '/v1/files', 'files'],
    ['DELETE', '/v1/files/file-1/content', 'files'],
    ['POST', '/v1/batches', 'batches'],
    ['POST', '/v1/messages/batches', 'batches'],
    ['POST', '/v1/assistants', 'assistants'],
    ['POST', '/v1/threads/x/runs', 'assistants'],
    ['GET', '/v1/chat/completions/chatcmpl-1', 'stored'],
    ['POST', '/api/chat', "Ollama's"],
    ['POST', '/completion', "llama.cpp's"],
    ['POST', '/v1/rerank', 'reranking'],
    ['GET', '/user/balance', 'balance'],
  ] as const)('%s %s is a 404 that says that it is not offered', async (method, url, word) => {
    const answer = await testApp().app.inject({ method, url });
    expect(answer.statusCode).toBe(404);
    expect(answer.body).toContain(word);
    const { error } = answer.json();
    // Anthropic's body has the code elsewhere.
    expect(error.code ?? error.details.error_code).toBe('unsupported_endpoint');
    expect(error.message).toContain('/v1/chat/completions');
  });

  it('405 says what is allowed', async () => {
    const { app } = testApp();
    for (const [method, url, allow] of [
      ['GET', '/v1/chat/completions', 'POST'],
      ['DELETE', '/v1/models/x/y', 'GET, HEAD'],
      ['PUT', '/v1/models?x=1', 'GET, HEAD'],
      ['OPTIONS', '/tokenize', 'POST'],
      ['PUT', '/chat/completions', 'POST'],
      ['GET', '/beta/completions', 'POST'],
      ['GET', '/v1/requests/abc/cancel', 'POST'],
      ['POST', '/v1/requests/abc', 'DELETE'],
      ['DELETE', '/ping', 'GET, POST, HEAD'],
    ] as const) {
      const answer = await app.inject({ method, url });
      expect(answer.statusCode).toBe(405);
      expect(answer.headers['allow']).toBe(allow);
      expect(answer.json().error.code).toBe('method_not_allowed');
    }
  });

  it('a badly encoded URL', async () => {
    const answer = await get('/v1/models/%ff');
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toMatchObject({ param: null });
    expect(answer.headers['x-request-id']).toMatch(/^req_/);
  });
});

describe('request ids', () => {
  const idFor = async (header?: string) => {
    const answer = await testApp().app.inject({
      method: 'GET',
      url: '/version',
      ...(header === undefined ? {} : { headers: { 'x-request-id': header } }),
    });
    return answer.headers['x-request-id'];
  };
  it('are taken from the client, cleaned and cut', async () => {
    expect(await idFor('abc-1.2:3_X')).toBe('abc-1.2:3_X');
    expect(await idFor('a b"<script>\u00e9')).toBe('abscript');
    expect(await idFor('x'.repeat(500))).toBe('x'.repeat(128));
  });
  it('or made up', async () => {
    expect(await idFor()).toMatch(/^req_[0-9a-f]{32}$/);
    expect(await idFor('" "')).toMatch(/^req_[0-9a-f]{32}$/);
  });
});

describe('API keys', () => {
  const made = () => testApp(undefined, { apiKeys: ['sk-one', 'sk-two'] });
  const call = (method: 'GET' | 'POST', url: string, authorization?: string) =>
    made().app.inject({ method, url, ...(authorization === undefined ? {} : { headers: { authorization } }) });

  it('guard everything but the probes', async () => {
    for (const [method, url] of [
      ['POST', '/v1/chat/completions'],
      ['POST', '/v1/completions'],
      ['GET', '/v1/models'],
      ['GET', '/v1/models/default'],
      ['POST', '/tokenize'],
      ['POST', '/detokenize'],
      ['GET', '/models'],
      ['GET', '/beta/models/default'],
      ['POST', '/chat/completions'],
      ['POST', '/beta/completions'],
      ['POST', '/v1/chat/completions/render'],
      ['POST', '/v1/requests/x/cancel'],
      ['GET', '/nowhere'],
      ['POST', '/v1/embeddings'],
      ['GET', '/v1/completions'],
    ] as const) {
      const answer = await call(method, url);
      expect(answer.statusCode, url).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(answer.json().error).toMatchObject({ type: 'authentication_error', param: null, code: 'invalid_api_key' });
    }
    for (const url of ['/', '/health', '/v1/health', '/ping', '/live', '/version', '/load'])
      expect((await call('GET', url)).statusCode).toBe(200);
  });

  it.each([
    '',
    'sk-one',
    'Basic sk-one',
    'Bearer',
    'Bearer ',
    'Bearer sk-on',
    'Bearer sk-one2',
    'Bearer sk-one,sk-two',
  ])('refuse %j', async (header) => expect((await call('GET', '/v1/models', header)).statusCode).toBe(401));

  it.each(['Bearer sk-one', 'bearer sk-two', 'Bearer  sk-two '])('accept %j', async (header) =>
    expect((await call('GET', '/v1/models', header)).statusCode).toBe(200),
  );

  it('are asked for before the body is looked at', async () => {
    const answer = await made().app.inject({
      method: 'POST',
      url: '/v1/completions',
      payload: '{broken',
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.statusCode).toBe(401);
  });
});

describe('metrics', () => {
  it('are rendered by whoever keeps them, and told of every request', async () => {
    const observed: HttpObservation[] = [];
    const metrics = {
      render: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', body: 'up 1\n' }),
      onHttpRequest: (observation: HttpObservation) => observed.push(observation),
    };
    const { app } = testApp(undefined, { metrics, apiKeys: ['k'] });
    const answer = await app.inject({ method: 'GET', url: '/metrics' });
    expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(answer.body).toBe('up 1\n');
    const headers = { authorization: 'Bearer k' };
    await app.inject({ method: 'POST', url: '/v1/completions', payload: { prompt: 'q', stream: true }, headers });
    await app.inject({ method: 'POST', url: '/v1/completions', payload: {}, headers });
    await app.inject({ method: 'GET', url: '/v1/models/a/b?c=d', headers });
    await app.inject({ method: 'GET', url: '/nowhere/123', headers });
    await app.inject({ method: 'POST', url: '/beta/completions', payload: { prompt: 'q' }, headers });
    await app.inject({ method: 'GET', url: '/models/default', headers });
    expect(observed.map(({ handler, method, status }) => [handler, method, status])).toEqual([
      ['/metrics', 'GET', 200],
      ['/v1/completions', 'POST', 200],
      ['/v1/completions', 'POST', 400],
      ['/v1/models/*', 'GET', 404],
      ['none', 'GET', 404],
      ['/v1/completions', 'POST', 200],
      ['/v1/models/*', 'GET', 200],
    ]);
    for (const { seconds } of observed) expect(seconds).toBeGreaterThanOrEqual(0);
  });

  it('have no route where nobody keeps them', async () => {
    expect((await get('/metrics')).statusCode).toBe(404);
  });
});

it('several models answer under their own names', async () => {
  const other = { ...servedModel(), names: ['other'] as const };
  const app = buildApp({ models: [servedModel(), other], version: '1' });
  const answer = await app.inject({ method: 'POST', url: '/v1/completions', payload: { model: 'other', prompt: 'q' } });
  expect(answer.json().model).toBe('other');
  expect(other.engine.submissions).toHaveLength(1);
  await app.close();
});
