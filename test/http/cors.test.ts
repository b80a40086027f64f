import { describe, expect, it } from 'vitest';
import { ScriptedEngine, say } from '../openai/support/scripted-engine.ts';
import { testApp } from './support/app.ts';

const ORIGIN = 'https://chat.example.com';
const preflight = (options: object, origin = ORIGIN, url = '/v1/chat/completions') =>
  testApp(new ScriptedEngine(say('Hi')), options).app.inject({
    method: 'OPTIONS',
    url,
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,x-stainless-os',
    },
  });
const call = (options: object, headers: Record<string, string> = { origin: ORIGIN }, body: object = { prompt: 'q' }) =>
  testApp(new ScriptedEngine(say('Hi')), options).app.inject({
    method: 'POST',
    url: '/v1/completions',
    payload: body,
    headers,
  });

describe('pages of other origins', () => {
  it('may call by default: the preflight needs no key and allows the headers that it names', async () => {
    const answer = await preflight({ apiKeys: ['k'] });
    expect(answer.statusCode).toBe(204);
    expect(answer.body).toBe('');
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': 'authorization,content-type,x-stainless-os',
      'access-control-allow-methods': expect.stringContaining('POST'),
    });
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  });

  it.each([false, true])('read answers and their ids (stream: %s), errors too', async (stream) => {
    const exposed = {
      'access-control-allow-origin': '*',
      'access-control-expose-headers': expect.stringContaining('x-request-id'),
    };
    expect((await call({}, { origin: ORIGIN }, { prompt: 'q', stream })).headers).toMatchObject(exposed);
    const refused = await call({ apiKeys: ['k'] });
    expect(refused.statusCode).toBe(401);
    expect(refused.headers).toMatchObject(exposed);
  });

  it('only those of the list, where there is one', async () => {
    const allowedOrigins = [ORIGIN, 'http://localhost:3000'];
    expect((await preflight({ allowedOrigins })).headers['access-control-allow-origin']).toBe(ORIGIN);
    const good = await call({ allowedOrigins }, { origin: 'http://localhost:3000' });
    expect(good.headers).toMatchObject({ 'access-control-allow-origin': 'http://localhost:3000', vary: 'Origin' });
    for (const origin of ['https://evil.example', 'https://chat.example.com.evil.example', 'null']) {
      const answer = await preflight({ allowedOrigins }, origin);
      expect(answer.statusCode).toBe(405);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
      const bad = await call({ allowedOrigins }, { origin });
      expect(bad.headers['access-control-allow-origin']).toBeUndefined();
      expect(bad.headers.vary).toBe('Origin');
    }
  });

  it('none, where the list is empty', async () => {
    expect((await preflight({ allowedOrigins: [] })).statusCode).toBe(405);
    expect((await call({ allowedOrigins: [] })).headers['access-control-allow-origin']).toBeUndefined();
  });
});

it('other clients get no CORS headers', async () => {
  const { headers } = await call({}, {});
  expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
});
