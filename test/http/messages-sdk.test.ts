import Anthropic, {
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from '@anthropic-ai/sdk';
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { queueFull, unavailable } from '../../src/errors.ts';
import type { AppOptions } from '../../src/http/app-options.ts';
import { babble, failAfterFirstLetter, ScriptedEngine, say } from '../openai/support/scripted-engine.ts';
import { listeningApp } from './support/app.ts';
import { failure } from './support/failure.ts';

const messages = [{ role: 'user' as const, content: 'q' }];
const body = { model: 'default', max_tokens: 64, messages };

async function sdk(engine = new ScriptedEngine(say('Hello é😀')), options: Partial<AppOptions> = {}) {
  const made = await listeningApp(engine, options);
  const client = new Anthropic({ baseURL: made.baseUrl, apiKey: 'sk-test', maxRetries: 0 });
  return { ...made, client };
}

const aborted = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => (signal.aborted ? resolve(null) : signal.addEventListener('abort', resolve)));

describe('the anthropic client', () => {
  it('lists the models', async () => {
    const { client, baseUrl } = await sdk();
    const listed: Anthropic.ModelInfo[] = [];
    for await (const model of client.models.list()) listed.push(model);
    const created_at = '2023-11-14T22:13:20.000Z';
    expect(listed).toEqual([expect.objectContaining({ type: 'model', id: 'org/tiny-v2', created_at })]);
    expect(await client.models.retrieve('deepseek-chat')).toMatchObject({ id: 'deepseek-chat', max_input_tokens: 256 });
    const error = await failure(client.models.retrieve('nobody'));
    expect(error).toBeInstanceOf(NotFoundError);
    const onDeepseek = new Anthropic({ baseURL: `${baseUrl}/anthropic`, apiKey: 'sk-test' });
    expect((await onDeepseek.models.list()).data).toHaveLength(1);
  });

  it('creates a message', async () => {
    const { client, engine } = await sdk();
    const sampling = { temperature: 0, top_k: 5 };
    const message = await client.messages.create({
      ...body,
      ...sampling,
      system: 'Be brief.',
      stop_sequences: ['END'],
    });
    expect(message.content).toEqual([{ type: 'text', text: 'Hello é😀', citations: null }]);
    expect(message).toMatchObject({ role: 'assistant', stop_reason: 'end_turn', usage: { output_tokens: 12 } });
    expect(message._request_id).toMatch(/^req_/);
    expect(engine.lastRequest).toMatchObject({ maxTokens: 64, stop: ['END'], sampling: { temperature: 0, topK: 5 } });
  });

  it('streams events', async () => {
    const { client } = await sdk();
    const stream = await client.messages.create({ ...body, stream: true });
    let text = '';
    for await (const event of stream) {
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
    }
    expect(text).toBe('Hello é😀');
  });

  it('gathers a stream with its helper', async () => {
    const { client } = await sdk(new ScriptedEngine(say('Hello é😀', { numCachedTokens: 2 })));
    const stream = client.messages.stream(body);
    const texts: string[] = [];
    stream.on('text', (delta) => texts.push(delta));
    const message = await stream.finalMessage();
    expect(texts.join('')).toBe('Hello é😀');
    expect(await stream.finalText()).toBe('Hello é😀');
    expect(message).toMatchObject({
      stop_reason: 'end_turn',
      usage: { input_tokens: 2, cache_read_input_tokens: 2, output_tokens: 12 },
    });
    const { message: plain } = { message: await client.messages.create(body) };
    expect({ ...message, id: plain.id, parsed_output: null }).toMatchObject({
      ...plain,
      content: [{ text: 'Hello é😀' }],
    });
  });

  it('continues a prefill', async () => {
    const { client, engine } = await sdk();
    const answer = await client.messages.create({
      ...body,
      messages: [...messages, { role: 'assistant', content: 'The answer is' }],
    });
    expect(answer.content).toMatchObject([{ text: 'Hello é😀' }]);
    expect(engine.lastRequest.stripLeadingSpace).toBe(false);
  });

  it('counts tokens', async () => {
    const { client, engine } = await sdk();
    const { model, max_tokens: _, ...prompt } = { ...body, system: 'Be brief.' };
    const { input_tokens } = await client.messages.countTokens({ model, ...prompt });
    const { usage } = await client.messages.create({ ...body, system: 'Be brief.' });
    expect(input_tokens).toBe(usage.input_tokens);
    expect(engine.submissions).toHaveLength(1);
  });

  it('parses structured output', async () => {
    const { client, engine } = await sdk(new ScriptedEngine(say('{"city":"Oslo"}')));
    const format = zodOutputFormat(z.object({ city: z.string() }));
    const message = await client.messages.parse({ ...body, output_config: { format } });
    expect(message.parsed_output).toEqual({ city: 'Oslo' });
    expect(engine.grammars).toMatchObject([{ type: 'jsonSchema', schema: JSON.stringify(format.schema) }]);
    expect(engine.lastRequest.grammar).not.toBeNull();
  });

  it('uses the beta resource', async () => {
    const { client } = await sdk();
    const message = await client.beta.messages.create({ ...body, betas: ['files-api-2025-04-14'] });
    expect(message.content).toMatchObject([{ type: 'text', text: 'Hello é😀' }]);
  });

  it('sends its key', async () => {
    const { baseUrl } = await sdk(undefined, { apiKeys: ['sk-right'] });
    const byKey = new Anthropic({ baseURL: baseUrl, apiKey: 'sk-right' });
    const byToken = new Anthropic({ baseURL: baseUrl, authToken: 'sk-right', apiKey: null });
    for (const client of [byKey, byToken]) await expect(client.messages.create(body)).resolves.toBeDefined();
  });

  it('aborts by leaving its loop, by its stream and by a signal', async () => {
    const { client, engine } = await sdk(new ScriptedEngine(babble));
    const stream = await client.messages.create({ ...body, stream: true });
    let events = 0;
    for await (const _ of stream) if (++events === 5) break;
    await aborted(engine.submissions[0]!.signal);

    const helper = client.messages.stream(body);
    const ended = failure(helper.finalMessage());
    helper.once('text', () => helper.abort());
    expect(await ended).toBeInstanceOf(APIUserAbortError);
    await aborted(engine.submissions[1]!.signal);

    const abort = new AbortController();
    const answer = failure(client.messages.create(body, { signal: abort.signal }));
    const { signal } = await engine.nextSubmission();
    abort.abort();
    expect(await answer).toBeInstanceOf(APIUserAbortError);
    await aborted(signal);
  });
});

describe('tools of the anthropic client', () => {
  const schema = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] };
  const tools = [{ name: 'weather', description: 'The weather of a city.', input_schema: schema }];
  const callOf = (city: string) => `{"name": "weather", "arguments": {"city": "${city}"}}`;
  /** Calls the tool for two cities, then speaks. */
  const engineThatCalls = () => {
    const answers = [`I look.\n${callOf('Oslo')}`, callOf('Bergen'), 'Both are cold.'];
    const engine = new ScriptedEngine((request, signal, index) =>
      say(answers[engine.submissions.length - 1] ?? '')(request, signal, index),
    );
    engine.limits = { ...engine.limits, maxModelLen: 4096 };
    return engine;
  };

  it('are called, streaming and not', async () => {
    const expected = {
      content: [
        { type: 'text', text: 'I look.' },
        { type: 'tool_use', id: expect.stringMatching(/^toolu_\w{24}$/), name: 'weather', input: { city: 'Oslo' } },
      ],
      stop_reason: 'tool_use',
    };
    const one = await sdk(engineThatCalls());
    expect(await one.client.messages.create({ ...body, tools })).toMatchObject(expected);
    const other = await sdk(engineThatCalls());
    const stream = other.client.messages.stream({ ...body, tools });
    const inputs: string[] = [];
    stream.on('inputJson', (delta) => inputs.push(delta));
    expect(await stream.finalMessage()).toMatchObject(expected);
    expect(JSON.parse(inputs.join(''))).toEqual({ city: 'Oslo' });
  });

  it.each([true, false])('are run in rounds by its tool runner (stream: %s)', async (stream) => {
    const { client, engine } = await sdk(engineThatCalls());
    const cities: string[] = [];
    const weather = betaTool({
      name: 'weather',
      description: 'The weather of a city.',
      inputSchema: schema as { type: 'object'; properties: { city: { type: 'string' } }; required: ['city'] },
      run: ({ city }) => {
        cities.push(city);
        return `cold in ${city}`;
      },
    });
    const runner = client.beta.messages.toolRunner({ ...body, tools: [weather], stream });
    const final = await runner.runUntilDone();
    expect(cities).toEqual(['Oslo', 'Bergen']);
    expect(final.content).toMatchObject([{ type: 'text', text: 'Both are cold.' }]);
    expect(engine.submissions).toHaveLength(3);
    const prompt = Buffer.from(engine.lastRequest.promptTokenIds.filter((id) => id < 256)).toString();
    expect(prompt).toMatch(/cold in Oslo.*cold in Bergen/s);
  });

  it('any and named are held to a grammar', async () => {
    const { client, engine } = await sdk(engineThatCalls());
    await client.messages.create({ ...body, tools, tool_choice: { type: 'any' } });
    expect(engine.lastRequest.grammar).not.toBeNull();
    await client.messages.create({ ...body, tools, tool_choice: { type: 'tool', name: 'weather' } });
    expect(engine.lastRequest.grammar).not.toBeNull();
    await client.messages.create({ ...body, tools, tool_choice: { type: 'none' } });
    expect(engine.lastRequest.grammar).toBeNull();
  });
});

describe('errors as the anthropic client sees them', () => {
  const create = (client: Anthropic, extra: object = {}) => failure(client.messages.create({ ...body, ...extra }));

  it('400', async () => {
    const { client } = await sdk();
    const error = await create(client, { top_k: -5 });
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      requestID: expect.stringMatching(/^req_/),
      error: { error: { message: expect.stringContaining("'top_k'") } },
    });
  });

  it('401 and 404', async () => {
    const locked = await sdk(undefined, { apiKeys: ['other'] });
    const refused = await create(locked.client);
    expect(refused).toBeInstanceOf(AuthenticationError);
    expect(refused).toMatchObject({ type: 'authentication_error' });
    const { client } = await sdk();
    const missing = await create(client, { model: 'claude-opus' });
    expect(missing).toBeInstanceOf(NotFoundError);
    expect(missing).toMatchObject({ type: 'not_found_error', errorCode: 'model_not_found' });
  });

  it('429 and 503 are retried only where there is hope', async () => {
    const engine = new ScriptedEngine();
    let attempts = 0;
    let failureToThrow: Error = queueFull(0.001);
    Object.defineProperty(engine, 'admissionError', {
      get: () => (++attempts > 0 ? failureToThrow : null),
    });
    const { baseUrl } = await listeningApp(engine);
    const client = new Anthropic({ baseURL: baseUrl, apiKey: 'k', maxRetries: 1 });
    expect(await create(client)).toBeInstanceOf(RateLimitError);
    // The scripted engine reads the error twice per attempt: once to look, once to throw.
    expect(attempts).toBe(4);
    attempts = 0;
    failureToThrow = unavailable('The engine has failed.');
    const failed = await create(client);
    expect(failed).toBeInstanceOf(InternalServerError);
    expect(failed).toMatchObject({ status: 503, type: 'overloaded_error' });
    expect(attempts).toBe(2);
  });

  it('an error in the middle of a stream is thrown', async () => {
    const engine = new ScriptedEngine(failAfterFirstLetter);
    const { client } = await sdk(engine);
    expect(await failure(client.messages.stream(body).finalMessage())).toMatchObject({
      type: 'overloaded_error',
      message: expect.stringContaining('The engine has failed.'),
    });
  });
});
