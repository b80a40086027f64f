import { describe, expect, it } from 'vitest';
import { queueFull, unavailable } from '../../src/errors.ts';
import type { AppOptions } from '../../src/http/app-options.ts';
import { failAfterFirstLetter, type Script, ScriptedEngine, say, startOf } from '../openai/support/scripted-engine.ts';
import { testApp } from './support/app.ts';
import { messageEventsOf } from './support/message-events.ts';

// The sequences and bodies are written out by hand after Anthropic's API reference and the types of its SDK.

const body = { model: 'default', max_tokens: 100, messages: [{ role: 'user', content: 'q' }] };

function post(engine: ScriptedEngine, extra: object = {}, options: Partial<AppOptions> = {}, headers = {}) {
  const { app } = testApp(engine, options);
  return app.inject({ method: 'POST', url: '/v1/messages', payload: { ...body, ...extra }, headers });
}

const usage = (input: number, output: number, cached = 0) => ({
  input_tokens: input - cached,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: cached,
  output_tokens: output,
  output_tokens_details: null,
  server_tool_use: null,
});
const billing = { cache_creation: null, inference_geo: null, service_tier: 'standard', speed: null };
const end = (stop_reason: string | null, stop_sequence: string | null = null) => ({
  stop_reason,
  stop_sequence,
  stop_details: null,
  container: null,
});
const finishing = (reason: 'stop' | 'length', stopReason: string | number | null, text = 'Hi'): Script =>
  async function* (request) {
    yield startOf(request);
    if (text !== '') yield { type: 'delta', text, tokenIds: [1], logprobs: null };
    yield { type: 'finish', reason, stopReason, numCompletionTokens: 1 };
  };

describe('a message', () => {
  it('has all members', async () => {
    const answer = await post(new ScriptedEngine(say('Hi', { numCachedTokens: 3 })));
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['request-id']).toMatch(/^req_/);
    expect(answer.headers['request-id']).toBe(answer.headers['x-request-id']);
    expect(answer.json()).toEqual({
      id: expect.stringMatching(/^msg_\w{32}$/),
      type: 'message',
      role: 'assistant',
      model: 'org/tiny-v2',
      content: [{ type: 'text', text: 'Hi', citations: null }],
      ...end('end_turn'),
      diagnostics: null,
      usage: { ...usage(4, 2, 3), ...billing },
    });
  });

  it.each<[string, object, Script, object]>([
    ['the limit', { max_tokens: 1 }, say('Hi'), end('max_tokens')],
    ['the end of the context', { max_tokens: 1000 }, finishing('length', null), end('model_context_window_exceeded')],
    ['a stop sequence', { stop_sequences: ['END'] }, finishing('stop', 'END'), end('stop_sequence', 'END')],
    ['a stop token', {}, finishing('stop', 7), end('end_turn')],
  ])('says that it ended at %s', async (_, extra, script, expected) => {
    expect((await post(new ScriptedEngine(script), extra)).json()).toMatchObject(expected);
    const events = messageEventsOf((await post(new ScriptedEngine(script), { ...extra, stream: true })).body);
    expect(events.at(-2)).toMatchObject({ type: 'message_delta', delta: expected });
  });

  it('may be empty', async () => {
    const script = finishing('stop', null, '');
    expect((await post(new ScriptedEngine(script))).json()).toMatchObject({ content: [], ...end('end_turn') });
    const events = messageEventsOf((await post(new ScriptedEngine(script), { stream: true })).body);
    expect(events.map((event) => event.type)).toEqual(['message_start', 'message_delta', 'message_stop']);
  });

  it('is found under /anthropic too, as on the platform of DeepSeek', async () => {
    const { app } = testApp(new ScriptedEngine(say('Hi')));
    const answer = await app.inject({ method: 'POST', url: '/anthropic/v1/messages?beta=true', payload: body });
    expect(answer.json()).toMatchObject({ type: 'message', content: [{ text: 'Hi' }] });
    const url = '/anthropic/v1/messages/count_tokens';
    expect((await app.inject({ method: 'POST', url, payload: body })).json()).toEqual({ input_tokens: 4 });
  });
});

describe('a stream', () => {
  it("has Anthropic's events in order", async () => {
    const answer = await post(new ScriptedEngine(say('Hé', { numCachedTokens: 3 })), { stream: true });
    expect(answer.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'request-id': expect.stringMatching(/^req_/),
    });
    const delta = (text: string) => ({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text },
    });
    expect(messageEventsOf(answer.body)).toEqual([
      {
        type: 'message_start',
        message: {
          id: expect.stringMatching(/^msg_\w{32}$/),
          type: 'message',
          role: 'assistant',
          model: 'org/tiny-v2',
          content: [],
          ...end(null),
          diagnostics: null,
          usage: { ...usage(4, 0, 3), ...billing },
        },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '', citations: null } },
      { type: 'ping' },
      delta('H'),
      delta('é'),
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: end('end_turn'), usage: usage(4, 3, 3) },
      { type: 'message_stop' },
    ]);
  });

  it('carries any text', async () => {
    const text = 'line\nbreak "quoted" \\ \u2028 \u0000 😀 event: ping\n\ndata: {}\n\n';
    const answer = await post(new ScriptedEngine(finishing('stop', null, text)), { stream: true });
    expect(messageEventsOf(answer.body)[3]).toMatchObject({ delta: { text } });
  });

  it('ends with an error event when it fails', async () => {
    const engine = new ScriptedEngine(failAfterFirstLetter);
    const events = messageEventsOf((await post(engine, { stream: true })).body);
    expect(events.at(-1)).toEqual({
      type: 'error',
      error: {
        type: 'overloaded_error',
        message: 'The engine has failed.',
        details: { error_code: 'server_unavailable' },
      },
    });
    expect(events.map((event) => event.type)).not.toContain('message_stop');
  });
});

describe('errors have the body of Anthropic', () => {
  const expectError = (answer: Awaited<ReturnType<typeof post>>, status: number, type: string): string => {
    expect(answer.statusCode).toBe(status);
    const parsed = answer.json();
    expect(parsed).toMatchObject({ type: 'error', error: { type }, request_id: answer.headers['request-id'] });
    expect(Object.keys(parsed).sort()).toEqual(['error', 'request_id', 'type']);
    expect(parsed.request_id).toMatch(/^req_/);
    return parsed.error.message;
  };
  const raw = (payload: string | Buffer, contentType = 'application/json', options: Partial<AppOptions> = {}) =>
    testApp(undefined, options).app.inject({
      method: 'POST',
      url: '/v1/messages',
      payload,
      headers: { 'content-type': contentType },
    });

  it('400, naming the field', async () => {
    const message = expectError(await post(new ScriptedEngine(), { temperature: 2 }), 400, 'invalid_request_error');
    expect(message).toContain("'temperature'");
  });

  it('400 for what is not JSON', async () => {
    expectError(await raw('{"a":'), 400, 'invalid_request_error');
    expectError(await raw(''), 400, 'invalid_request_error');
    expectError(await raw(Buffer.from('{"a":"\xff"}', 'latin1')), 400, 'invalid_request_error');
  });

  it('400 for a prompt that is too long, in the words that clients look for', async () => {
    const messages = [{ role: 'user', content: 'x'.repeat(300) }];
    const answer = await post(new ScriptedEngine(), { messages });
    expect(expectError(answer, 400, 'invalid_request_error')).toContain('prompt is too long');
    expect(answer.json().error.details).toEqual({ error_code: 'context_length_exceeded' });
  });

  it('401, 404, 405, 413, 415', async () => {
    const options = { apiKeys: ['k'] };
    expectError(await post(new ScriptedEngine(), {}, options), 401, 'authentication_error');
    expectError(await post(new ScriptedEngine(), { model: 'claude' }), 404, 'not_found_error');
    expectError(await raw('{}', 'application/json', { bodyLimit: 1 }), 413, 'request_too_large');
    expectError(await raw('a=b', 'application/x-www-form-urlencoded'), 415, 'invalid_request_error');
    const { app } = testApp();
    expectError(await app.inject({ method: 'GET', url: '/v1/messages?beta=true' }), 405, 'invalid_request_error');
    expectError(await app.inject({ method: 'POST', url: '/v1/messages/batches' }), 404, 'not_found_error');
    expectError(await app.inject({ method: 'GET', url: '/anthropic/v1/messages/%zz' }), 400, 'invalid_request_error');
  });

  it('429 and 503 say when to come back', async () => {
    const engine = new ScriptedEngine();
    engine.admissionError = queueFull(2);
    const busy = await post(engine);
    expectError(busy, 429, 'rate_limit_error');
    expect(busy.headers).toMatchObject({ 'retry-after': '2', 'x-should-retry': 'true' });
    engine.admissionError = unavailable('The model is still loading.', 5);
    const loading = await post(engine);
    expectError(loading, 503, 'overloaded_error');
    expect(loading.headers).toMatchObject({ 'retry-after': '5', 'x-should-retry': 'true' });
  });

  it('500 tells nothing of its cause', async () => {
    const engine = new ScriptedEngine();
    engine.admissionError = new TypeError('secret');
    expect(expectError(await post(engine), 500, 'api_error')).not.toContain('secret');
  });

  it('but only on its own paths', async () => {
    for (const url of ['/v1/messagesx', '/v2/messages', '/v1/chat/completions']) {
      const answer = await testApp().app.inject({ method: 'POST', url, payload: {} });
      expect(Object.keys(answer.json())).toEqual(['error']);
      expect(answer.headers['request-id']).toBeUndefined();
    }
  });
});

describe('keys', () => {
  const status = async (headers: Record<string, string>) =>
    (await post(new ScriptedEngine(), {}, { apiKeys: ['k1', 'k2'] }, headers)).statusCode;

  it.each([
    [{ 'x-api-key': 'k1' }, 200],
    [{ 'x-api-key': ' k2 ' }, 200],
    [{ authorization: 'Bearer k2' }, 200],
    [{ authorization: 'Bearer wrong', 'x-api-key': 'k1' }, 200],
    [{ 'x-api-key': 'wrong' }, 401],
    [{ 'x-api-key': '' }, 401],
    [{ 'x-api-key': 'Bearer k1' }, 401],
    [{ authorization: 'k1' }, 401],
    [{}, 401],
  ])('%j: %i', async (headers, expected) => {
    expect(await status(headers as Record<string, string>)).toBe(expected);
  });

  it('open the rest of the API as well', async () => {
    const { app } = testApp(undefined, { apiKeys: ['k1'] });
    expect((await app.inject({ url: '/v1/models', headers: { 'x-api-key': 'k1' } })).statusCode).toBe(200);
    expect((await app.inject({ url: '/v1/models', headers: { 'x-api-key': 'k2' } })).statusCode).toBe(401);
  });
});
