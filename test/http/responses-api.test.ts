import { describe, expect, it } from 'vitest';
import { queueFull } from '../../src/errors.ts';
import { failAfterFirstLetter, ScriptedEngine, say } from '../openai/support/scripted-engine.ts';
import { testApp } from './support/app.ts';
import { responseEventsOf } from './support/response-events.ts';

const URL = '/v1/responses';
const post = (payload: object, engine?: ScriptedEngine, url = URL) =>
  testApp(engine).app.inject({ method: 'POST', url, payload });

describe('POST /v1/responses', () => {
  it('answers with a response object', async () => {
    const answer = await post({ input: 'q', max_output_tokens: 20 }, new ScriptedEngine(say('Hi')));
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({
      id: expect.stringMatching(/^resp_\w{32}$/),
      object: 'response',
      status: 'completed',
      model: 'org/tiny-v2',
      store: false,
      max_output_tokens: 20,
      output: [{ type: 'message', content: [{ type: 'output_text', text: 'Hi' }] }],
      usage: { input_tokens: 4, output_tokens: 2, total_tokens: 6 },
    });
  });

  it('streams named events without an end mark', async () => {
    const answer = await post({ input: 'q', stream: true }, new ScriptedEngine(say('Hi')));
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': expect.stringContaining('no-cache'),
      'x-request-id': expect.stringMatching(/^req_/),
    });
    const events = responseEventsOf(answer.body);
    expect(events[0]).toMatchObject({ type: 'response.created' });
    expect(events.at(-1)).toMatchObject({ type: 'response.completed', response: { usage: { output_tokens: 2 } } });
  });

  it('include_obfuscation pads the deltas, and the events stay what they are', async () => {
    const body = { input: 'q', stream: true, stream_options: { include_obfuscation: true } };
    const answer = await post(body, new ScriptedEngine(say('Hi')));
    const deltas = responseEventsOf(answer.body).filter((event) => event.type === 'response.output_text.delta');
    expect(deltas).toHaveLength(2);
    for (const delta of deltas) expect(delta).toHaveProperty('obfuscation', expect.stringMatching(/^[\w-]+$/));
  });

  it('stream_interval sends several tokens an event', async () => {
    const answer = await post({ input: 'q', stream: true, stream_interval: 2 }, new ScriptedEngine(say('Hello')));
    const deltas = responseEventsOf(answer.body).filter((event) => event.type === 'response.output_text.delta');
    expect(deltas.map(({ delta }) => delta)).toEqual(['H', 'el', 'lo']);
  });

  it('the client’s x-request-id is part of the id', async () => {
    const { app } = testApp();
    const headers = { 'x-request-id': 'mine-1' };
    const answer = await app.inject({ method: 'POST', url: URL, payload: { input: 'q' }, headers });
    expect(answer.json()).toMatchObject({ id: 'resp_mine-1' });
  });

  it.each(['/responses', '/beta/responses'])('is %s too', async (url) => {
    expect((await post({ input: 'q' }, undefined, url)).json()).toMatchObject({ object: 'response' });
  });
});

describe('errors before the answer are ordinary HTTP errors, streaming or not', () => {
  it.each([true, false])('stream %j', async (stream) => {
    const bad = await post({ input: [{ role: 'user', content: [{ type: 'input_image' }] }], stream });
    expect(bad.statusCode).toBe(400);
    expect(bad.json()).toMatchObject({ error: { param: 'input.0.content.0.type', code: null } });
    expect((await post({ input: 'q', model: 'gpt-9', stream })).statusCode).toBe(404);
    const engine = new ScriptedEngine();
    engine.admissionError = queueFull(2);
    const busy = await post({ input: 'q', stream }, engine);
    expect(busy.statusCode).toBe(429);
    expect(busy.headers['retry-after']).toBe('2');
  });

  it.each([[], 'text', 5, null])('%j is no body', async (payload) => {
    const { app } = testApp();
    const headers = { 'content-type': 'application/json' };
    const answer = await app.inject({ method: 'POST', url: URL, payload: JSON.stringify(payload), headers });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
  });
});

it('a failure in a stream is an error event and a failed response', async () => {
  const engine = new ScriptedEngine(failAfterFirstLetter);
  const events = responseEventsOf((await post({ input: 'q', stream: true }, engine)).body);
  expect(events.map(({ type }) => type).slice(-3)).toEqual(['response.output_text.delta', 'error', 'response.failed']);
});

describe('POST /v1/responses/input_tokens', () => {
  it('counts what the same fields take in a response', async () => {
    const body = { input: [{ role: 'user', content: 'Hello' }], instructions: 'Be brief.' };
    const counted = await post(body, undefined, `${URL}/input_tokens`);
    const answered = (await post(body)).json() as { usage: { input_tokens: number } };
    expect(counted.json()).toEqual({ object: 'response.input_tokens', input_tokens: answered.usage.input_tokens });
  });

  it('has the same errors', async () => {
    const answer = await post({ input: 5 }, undefined, `${URL}/input_tokens`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ error: { param: 'input' } });
  });
});

describe('what is stored elsewhere', () => {
  it.each([
    ['GET', '/v1/responses/resp_1'],
    ['GET', '/v1/responses/resp_1?stream=true'],
    ['DELETE', '/v1/responses/resp_1'],
    ['POST', '/v1/responses/resp_1/cancel'],
    ['GET', '/v1/responses/resp_1/input_items'],
  ] as const)('%s %s is a 404 that says so', async (method, url) => {
    const answer = await testApp().app.inject({ method, url });
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({
      error: {
        message: "Response with id 'resp_1' not found: this server stores no responses.",
        type: 'not_found_error',
      },
    });
  });
});
