import { describe, expect, it } from 'vitest';
import { type Script, ScriptedEngine, stallAfterFirstWord, stayQueued } from '../openai/support/scripted-engine.ts';
import { framesOf, listeningApp, testApp } from './support/app.ts';
import { holdEncoding } from './support/hold-encoding.ts';

type App = ReturnType<typeof testApp>['app'];

const cancel = (app: App, id: string, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url: `/v1/requests/${encodeURIComponent(id)}/cancel`, headers });

const CANCELLED = {
  message: expect.any(String),
  type: 'invalid_request_error',
  param: null,
  code: 'request_cancelled',
};

/** Starts a request that would never end. */
async function start(script: Script, body: object, headers: Record<string, string> = {}, apiKeys: string[] = []) {
  const engine = new ScriptedEngine(script);
  const { app } = testApp(engine, { apiKeys });
  const submitted = engine.nextSubmission();
  const answer = app.inject({ method: 'POST', url: '/v1/completions', payload: { prompt: 'q', ...body }, headers });
  const { signal } = await submitted;
  return { app, engine, answer, signal };
}

describe.each([true, false])('a request that is cancelled (stream: %s)', (stream) => {
  it.each([
    ['its request_id', 'mine'],
    ['the id of its answer', 'cmpl-mine'],
    ['its x-request-id', 'trace/1'],
  ])('by %s', async (_, id) => {
    const headers = { 'x-request-id': 'trace/1' };
    const { app, answer, signal } = await start(stallAfterFirstWord, { request_id: 'mine', stream, n: 2 }, headers);
    const done = await cancel(app, id);
    expect(done.statusCode).toBe(200);
    expect(done.json()).toMatchObject({ id, object: 'request.cancelled', cancelled: true });
    expect(signal.aborted).toBe(true);
    const { statusCode, body, headers: got } = await answer;
    if (stream && statusCode === 200) {
      expect(framesOf(body).slice(-2)).toEqual([{ error: CANCELLED }, '[DONE]']);
    } else {
      expect(statusCode).toBe(499);
      expect(JSON.parse(body)).toEqual({ error: CANCELLED });
      expect(got['x-should-retry']).toBe('false');
    }
    expect((await cancel(app, id)).statusCode).toBe(404);
  });

  it('while it waits in the queue: a plain error', async () => {
    const { app, answer } = await start(stayQueued, { request_id: 'mine', stream });
    await cancel(app, 'mine');
    expect((await answer).statusCode).toBe(499);
    expect((await answer).json()).toEqual({ error: CANCELLED });
  });
});

it('a stream that is under way ends with an error frame, on a real connection', async () => {
  const { app, baseUrl, engine } = await listeningApp(new ScriptedEngine(stallAfterFirstWord));
  const answer = await fetch(`${baseUrl}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"prompt":"q","stream":true}',
  });
  const reader = (answer.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  const { value = '' } = await reader.read();
  const { id } = JSON.parse(value.slice('data: '.length)) as { id: string };
  expect((await cancel(app, id)).statusCode).toBe(200);
  let rest = '';
  for (;;) {
    const { done, value: more } = await reader.read();
    if (done) break;
    rest += more;
  }
  expect(framesOf(rest)).toEqual([{ error: CANCELLED }, '[DONE]']);
  expect(engine.submissions[0]?.signal.aborted).toBe(true);
});

it('while its prompt is encoded: it is never submitted', async () => {
  const { app, model, engine } = testApp();
  const encoding = holdEncoding(model);
  const headers = { 'x-request-id': 'early' };
  const answer = app.inject({ method: 'POST', url: '/v1/completions', payload: { prompt: 'q' }, headers });
  await encoding.started;
  expect((await cancel(app, 'early')).statusCode).toBe(200);
  encoding.release();
  expect((await answer).statusCode).toBe(499);
  expect(engine.submissions).toHaveLength(0);
});

it('all requests that share an id are cancelled, and no others', async () => {
  const engine = new ScriptedEngine(stayQueued);
  const { app } = testApp(engine);
  const post = (id: string) =>
    app.inject({
      method: 'POST',
      url: '/v1/completions',
      payload: { prompt: 'q' },
      headers: { 'x-request-id': id },
    });
  const answers = ['same', 'same', 'other'].map(post);
  while (engine.submissions.length < 3) await engine.nextSubmission();
  await cancel(app, 'same');
  expect(engine.submissions.map(({ signal }) => signal.aborted)).toEqual([true, true, false]);
  await cancel(app, 'other');
  await Promise.all(answers);
});

it('DELETE /v1/requests/{id} does the same', async () => {
  const { app, answer } = await start(stayQueued, { request_id: 'mine' });
  expect((await app.inject({ method: 'DELETE', url: '/v1/requests/mine' })).statusCode).toBe(200);
  expect((await answer).statusCode).toBe(499);
});

it('takes an empty body with a JSON content type, as clients send it', async () => {
  const { app, answer } = await start(stayQueued, { request_id: 'mine' });
  expect((await cancel(app, 'mine', { 'content-type': 'application/json' })).statusCode).toBe(200);
  await answer;
});

it('an unknown id is a 404', async () => {
  const answer = await cancel(testApp().app, 'nobody');
  expect(answer.statusCode).toBe(404);
  expect(answer.json().error).toMatchObject({ type: 'not_found_error', param: 'id', code: 'request_not_found' });
});

it('only the key that started a request may cancel it', async () => {
  const key = (name: string) => ({ authorization: `Bearer ${name}` });
  const { app, answer, signal } = await start(stayQueued, { request_id: 'mine' }, key('one'), ['one', 'two']);
  expect((await cancel(app, 'mine')).statusCode).toBe(401);
  expect((await cancel(app, 'mine', key('two'))).statusCode).toBe(404);
  expect(signal.aborted).toBe(false);
  // The same key in Anthropic's header is the same client.
  expect((await cancel(app, 'mine', { 'x-api-key': 'one' })).statusCode).toBe(200);
  expect((await answer).statusCode).toBe(499);
});
