import OpenAI, {
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from 'openai';
import { describe, expect, it } from 'vitest';
import { queueFull, unavailable } from '../../src/errors.ts';
import type { AppOptions } from '../../src/http/app-options.ts';
import {
  babble,
  failAfterFirstLetter,
  ScriptedEngine,
  say,
  stallAfterFirstWord,
} from '../openai/support/scripted-engine.ts';
import { listeningApp } from './support/app.ts';
import { failure } from './support/failure.ts';

const user = { role: 'user' as const, content: 'q' };

async function sdk(engine = new ScriptedEngine(say('Hello é😀')), options: Partial<AppOptions> = {}) {
  const made = await listeningApp(engine, options);
  const client = new OpenAI({ baseURL: `${made.baseUrl}/v1`, apiKey: 'sk-test', maxRetries: 0 });
  return { ...made, client };
}

describe('the openai client', () => {
  it('creates a chat completion as in the DeepSeek-V2 README', async () => {
    const { client, engine } = await sdk();
    const answer = await client.chat.completions.create({
      model: 'default',
      messages: [{ role: 'system', content: 'You are a helpful AI assistant' }, user],
      temperature: 0,
      max_tokens: 64,
    });
    expect(answer.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'Hello é😀' } });
    expect(answer.usage?.prompt_tokens_details?.cached_tokens).toBe(0);
    expect(answer._request_id).toMatch(/^req_/);
    expect(engine.lastRequest).toMatchObject({ maxTokens: 64, sampling: { temperature: 0 } });
  });

  it("takes LangChain's max_tokens, far beyond the context", async () => {
    const { client, engine } = await sdk();
    const body = { model: 'deepseek-chat', messages: [user], temperature: 0.85, max_tokens: 8000 };
    await client.chat.completions.create(body);
    expect(engine.lastRequest.maxTokens).toBe(252);
  });

  it('streams', async () => {
    const { client } = await sdk();
    const stream = await client.chat.completions.create({
      model: 'default',
      messages: [user],
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage;
    }
    expect(text).toBe('Hello é😀');
    expect(usage?.completion_tokens).toBe(12);
  });

  it('gathers a stream of three choices with its helper', async () => {
    const { client } = await sdk();
    const stream = client.chat.completions.stream({ model: 'default', messages: [user], n: 3, logprobs: true });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices.map((choice) => choice.message.content)).toEqual(new Array(3).fill('Hello é😀'));
    expect(completion.choices.map((choice) => choice.logprobs?.content?.length)).toEqual([12, 12, 12]);
    expect(completion.choices.every((choice) => choice.finish_reason === 'stop')).toBe(true);
  });

  it('completes text, streaming and not', async () => {
    const { client } = await sdk();
    const answer = await client.completions.create({ model: 'default', prompt: ['a', 'b'], echo: true, logprobs: 1 });
    expect(answer.choices.map((choice) => choice.text)).toEqual(['aHello é😀', 'bHello é😀']);
    const stream = await client.completions.create({ model: 'default', prompt: 'a', stream: true });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.text ?? '';
    expect(text).toBe('Hello é😀');
  });

  it('lists and retrieves models', async () => {
    const { client } = await sdk();
    expect((await client.models.list()).data.map((model) => model.id)).toEqual(['org/tiny-v2']);
    expect((await client.models.retrieve('org/tiny-v2')).id).toBe('org/tiny-v2');
  });

  it('aborts by leaving its loop', async () => {
    const { client, engine } = await sdk(new ScriptedEngine(babble));
    const stream = await client.chat.completions.create({ model: 'default', messages: [user], stream: true });
    let chunks = 0;
    for await (const _ of stream) if (++chunks === 3) break;
    const signal = engine.submissions[0]?.signal;
    await new Promise((resolve) => (signal?.aborted ? resolve(null) : signal?.addEventListener('abort', resolve)));
  });

  it('aborts a request that does not stream', async () => {
    const { client, engine } = await sdk(new ScriptedEngine(babble));
    const abort = new AbortController();
    const answer = failure(
      client.chat.completions.create({ model: 'default', messages: [user] }, { signal: abort.signal }),
    );
    const { signal } = await engine.nextSubmission();
    abort.abort();
    expect(await answer).toBeInstanceOf(APIUserAbortError);
    await new Promise((resolve) => (signal.aborted ? resolve(null) : signal.addEventListener('abort', resolve)));
  });
});

describe('errors as the openai client sees them', () => {
  const create = (client: OpenAI, extra: object = {}) =>
    failure(client.chat.completions.create({ model: 'default', messages: [user], ...extra }));

  it('400 with code and param', async () => {
    const { client } = await sdk();
    const error = await create(client, { temperature: 9 });
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ status: 400, type: 'invalid_request_error', param: 'temperature', code: null });
    expect((error as BadRequestError).requestID).toMatch(/^req_/);
    const long = await create(client, { messages: [{ role: 'user', content: 'x'.repeat(300) }] });
    expect(long).toMatchObject({ code: 'context_length_exceeded', param: 'messages' });
  });

  it('401, 404', async () => {
    const { client } = await sdk(undefined, { apiKeys: ['other'] });
    const refused = await create(client);
    expect(refused).toBeInstanceOf(AuthenticationError);
    expect(refused).toMatchObject({ code: 'invalid_api_key' });
    const open = await sdk();
    const missing = await create(open.client, { model: 'gpt-4' });
    expect(missing).toBeInstanceOf(NotFoundError);
    expect(missing).toMatchObject({ code: 'model_not_found', param: 'model' });
  });

  it('429 and 503 are retried only where there is hope', async () => {
    const engine = new ScriptedEngine();
    let attempts = 0;
    Object.defineProperty(engine, 'admissionError', {
      get: () => (++attempts > 0 ? failureToThrow : null),
    });
    let failureToThrow: Error = queueFull(0.001);
    const { baseUrl } = await listeningApp(engine);
    const client = new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey: 'k', maxRetries: 1 });
    expect(await create(client)).toBeInstanceOf(RateLimitError);
    // The scripted engine reads the error twice per attempt: once to look, once to throw.
    expect(attempts).toBe(4);
    attempts = 0;
    failureToThrow = unavailable('The engine has failed.');
    expect(await create(client)).toBeInstanceOf(InternalServerError);
    expect(attempts).toBe(2);
  });

  it('an error in the middle of a stream is thrown', async () => {
    const engine = new ScriptedEngine(failAfterFirstLetter);
    const { client } = await sdk(engine);
    const stream = await client.chat.completions.create({ model: 'default', messages: [user], stream: true });
    const reading = (async () => {
      for await (const _ of stream);
    })();
    expect(await failure(reading)).toMatchObject({ message: 'The engine has failed.', code: 'server_unavailable' });
  });
});

describe('what clients do with the rest of the server', () => {
  it.each(['', '/beta'])("DeepSeek's base URL %j", async (base) => {
    const { baseUrl } = await sdk();
    const client = new OpenAI({ baseURL: `${baseUrl}${base}`, apiKey: 'sk-test', maxRetries: 0 });
    const answer = await client.chat.completions.create({ model: 'deepseek-chat', messages: [user] });
    expect(answer.choices[0]?.message.content).toBe('Hello é😀');
    expect((await client.models.list()).data[0]?.id).toBe('org/tiny-v2');
  });

  it.each([true, false])('a cancelled request is an error that is not tried again (stream: %s)', async (stream) => {
    const { baseUrl, engine } = await sdk(new ScriptedEngine(stallAfterFirstWord));
    const client = new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey: 'sk-test', maxRetries: 3 });
    const cancel = (id: string) => client.post<object>(`/requests/${id}/cancel`);
    const options = { headers: { 'x-request-id': 'trace' } };
    if (stream) {
      const chunks = await client.chat.completions.create({ model: 'default', messages: [user], stream }, options);
      const error = await failure(
        (async () => {
          for await (const chunk of chunks) {
            if (chunk.choices[0]?.delta.content) await cancel(chunk.id);
          }
        })(),
      );
      expect(error).toBeInstanceOf(APIError);
      expect(error).toMatchObject({ code: 'request_cancelled' });
    } else {
      const submitted = engine.nextSubmission();
      const answer = failure(client.chat.completions.create({ model: 'default', messages: [user] }, options));
      await submitted;
      expect(await cancel('trace')).toMatchObject({ object: 'request.cancelled', cancelled: true });
      expect(await answer).toMatchObject({ status: 499, code: 'request_cancelled', requestID: 'trace' });
    }
    expect(engine.submissions).toHaveLength(1);
  });

  it('an API that is not there says so', async () => {
    const { client } = await sdk();
    const error = await failure(client.embeddings.create({ model: 'default', input: 'x' }));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ code: 'unsupported_endpoint', message: expect.stringContaining('embeddings') });
  });
});
