import { describe, expect, it } from 'vitest';
import { ApiError, queueFull, unavailable } from '../../src/errors.ts';
import { type Script, ScriptedEngine, say, startOf, untilAborted } from '../openai/support/scripted-engine.ts';
import { framesOf, listeningApp, testApp } from './support/app.ts';

const throwing = (error: Error, words: number): Script =>
  async function* (request) {
    if (words > 0) yield startOf(request);
    for (let i = 0; i < words; i++) yield { type: 'delta', text: 'word', tokenIds: [1], logprobs: null };
    throw error;
  };

const post = (engine: ScriptedEngine, body: object, options = {}) =>
  testApp(engine, options).app.inject({ method: 'POST', url: '/v1/completions', payload: { prompt: 'q', ...body } });

describe.each([true, false])('errors before the first byte, stream: %s', (stream) => {
  it('a full queue is a 429 that says when to come back', async () => {
    const engine = new ScriptedEngine();
    engine.admissionError = queueFull(2.2);
    const answer = await post(engine, { stream });
    expect(answer.statusCode).toBe(429);
    expect(answer.headers).toMatchObject({ 'retry-after': '3', 'x-should-retry': 'true' });
    expect(answer.json()).toEqual({
      error: { message: expect.any(String), type: 'rate_limit_error', param: null, code: 'rate_limit_exceeded' },
    });
  });

  it('a request given up in the queue is a 503', async () => {
    const answer = await post(new ScriptedEngine(throwing(unavailable('Waited too long in the queue.', 5), 0)), {
      stream,
    });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers).toMatchObject({ 'retry-after': '5', 'x-should-retry': 'true' });
  });

  it('a failed engine is a 503 without hope', async () => {
    const answer = await post(new ScriptedEngine(throwing(unavailable('The engine has failed.'), 0)), { stream });
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['x-should-retry']).toBe('false');
    expect(answer.headers['retry-after']).toBeUndefined();
  });

  it('a bug is a 500 with a fixed sentence', async () => {
    const answer = await post(new ScriptedEngine(throwing(new TypeError('secret /path'), 0)), { stream });
    expect(answer.statusCode).toBe(500);
    expect(answer.headers['x-should-retry']).toBe('false');
    expect(answer.body).not.toContain('secret');
    expect(answer.json().error).toMatchObject({ type: 'server_error', param: null, code: 'internal_error' });
  });
});

it('an error after the first byte is a frame, then the end mark', async () => {
  const answer = await post(new ScriptedEngine(throwing(unavailable('The engine has failed.'), 1)), { stream: true });
  expect(answer.statusCode).toBe(200);
  expect(framesOf(answer.body)).toEqual([
    expect.objectContaining({ choices: [expect.objectContaining({ text: 'word' })] }),
    {
      error: {
        message: 'The engine has failed.',
        type: 'service_unavailable_error',
        param: null,
        code: 'server_unavailable',
      },
    },
    '[DONE]',
  ]);
});

it.each([true, false])('one failing choice stops the others (stream: %s)', async (stream) => {
  const engine = new ScriptedEngine(async function* (request, signal, index) {
    yield startOf(request);
    if (index === 1) throw new ApiError(503, 'service_unavailable_error', 'gone');
    await untilAborted(signal);
  });
  const answer = await post(engine, { n: 3, stream });
  expect(engine.submissions[0]?.signal.aborted).toBe(true);
  if (stream) expect(framesOf(answer.body)).toMatchObject([{ error: { message: 'gone' } }, '[DONE]']);
  else expect(answer.statusCode).toBe(503);
});

it('headers go out after a while although nothing is there yet, and comments keep the connection alive', async () => {
  let proceed = () => {};
  const held = new Promise<void>((resolve) => {
    proceed = resolve;
  });
  const engine = new ScriptedEngine(async function* (request, signal, index) {
    await held;
    yield* say('Hi')(request, signal, index);
  });
  const { baseUrl } = await listeningApp(engine, { holdHeadersMs: 1, keepAliveMs: 5 });
  const answer = await fetch(`${baseUrl}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"prompt":"q","stream":true}',
  });
  expect(answer.status).toBe(200);
  const reader = (answer.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  expect(value).toBe(': keep-alive\n\n');
  proceed();
  let rest = '';
  for (;;) {
    const { done, value: more } = await reader.read();
    if (done) break;
    rest += more;
  }
  expect(framesOf(rest)).toHaveLength(4);
});
