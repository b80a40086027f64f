import OpenAI, { BadRequestError, NotFoundError } from 'openai';
import { zodResponsesFunction, zodTextFormat } from 'openai/helpers/zod';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { babble, failAfterFirstLetter, type Script, ScriptedEngine, say } from '../openai/support/scripted-engine.ts';
import { listeningApp } from './support/app.ts';
import { failure } from './support/failure.ts';

async function sdk(script: Script = say('Hello é😀'), maxModelLen = 4096) {
  const engine = new ScriptedEngine(script);
  engine.limits = { ...engine.limits, maxModelLen };
  const made = await listeningApp(engine);
  const client = new OpenAI({ baseURL: `${made.baseUrl}/v1`, apiKey: 'sk-test', maxRetries: 0 });
  return { ...made, client };
}

const weather = zodResponsesFunction({ name: 'weather', parameters: z.object({ city: z.string() }) });
const callText = '{"name": "weather", "arguments": {"city": "Oslo"}}';

describe('the openai client, responses', () => {
  it('creates', async () => {
    const { client, engine } = await sdk();
    const response = await client.responses.create({
      model: 'default',
      instructions: 'Be brief.',
      input: 'q',
      temperature: 0,
      max_output_tokens: 64,
      store: true,
      metadata: { k: 'v' },
    });
    expect(response.output_text).toBe('Hello é😀');
    expect(response).toMatchObject({ status: 'completed', temperature: 0, metadata: { k: 'v' }, error: null });
    expect(response._request_id).toMatch(/^req_/);
    expect(engine.lastRequest).toMatchObject({ maxTokens: 64, sampling: { temperature: 0 } });
  });

  it('streams, and its helper gathers the same response', async () => {
    const { client } = await sdk();
    const stream = client.responses.stream({ model: 'default', input: 'q' });
    let text = '';
    stream.on('response.output_text.delta', ({ delta, snapshot }) => {
      text += delta;
      expect(snapshot).toBe(text);
    });
    const final = await stream.finalResponse();
    const created = await client.responses.create({ model: 'default', input: 'q' });
    expect(text).toBe('Hello é😀');
    expect(final.output_text).toBe('Hello é😀');
    expect(final.usage).toEqual(created.usage);
    expect(Object.keys(created).filter((key) => !Object.hasOwn(final, key))).toEqual([]);
  });

  it('an incomplete response is not parsed and says why', async () => {
    const { client } = await sdk();
    const body = { model: 'default', input: 'q', max_output_tokens: 3 };
    expect(await client.responses.create(body)).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
    });
    const final = await client.responses.stream(body).finalResponse();
    expect(final).toMatchObject({ status: 'incomplete', output_text: 'Hel' });
  });

  it('parses structured text, streaming and not', async () => {
    const { client, engine } = await sdk(say('{"city":"Oslo"}'));
    const format = zodTextFormat(z.object({ city: z.string() }), 'answer');
    const body = { model: 'default', input: 'q', text: { format } };
    expect((await client.responses.parse(body)).output_parsed).toEqual({ city: 'Oslo' });
    expect(engine.lastRequest.grammar).not.toBeNull();
    expect((await client.responses.stream(body).finalResponse()).output_parsed).toEqual({ city: 'Oslo' });
  });

  it('log-probabilities', async () => {
    const { client } = await sdk(say('Hi'));
    const response = await client.responses.create({
      model: 'default',
      input: 'q',
      include: ['message.output_text.logprobs'],
      top_logprobs: 2,
    });
    const [message] = response.output;
    if (message?.type !== 'message' || message.content[0]?.type !== 'output_text') throw new Error('no text');
    expect(message.content[0].logprobs?.map(({ token, top_logprobs }) => [token, top_logprobs.length])).toEqual([
      ['H', 2],
      ['i', 2],
    ]);
  });

  it('a loop of function calls: call, output, answer', async () => {
    const script: Script = (request, signal, index) => {
      const prompt = new TextDecoder().decode(Uint8Array.from(request.promptTokenIds.filter((id) => id < 256)));
      return say(prompt.includes('It rains.') ? 'Take an umbrella.' : callText)(request, signal, index);
    };
    const { client } = await sdk(script);
    const input: OpenAI.Responses.ResponseInputItem[] = [{ role: 'user', content: 'Weather in Oslo?' }];
    const first = await client.responses.parse({ model: 'default', input, tools: [weather] });
    const call = first.output.find((item) => item.type === 'function_call');
    expect(call).toMatchObject({ name: 'weather', status: 'completed', parsed_arguments: { city: 'Oslo' } });
    // The items of an answer can be sent back as they are.
    for (const { parsed_arguments: _, ...item } of first.output as { parsed_arguments?: unknown }[]) {
      input.push(item as OpenAI.Responses.ResponseInputItem);
    }
    input.push({ type: 'function_call_output', call_id: call!.call_id, output: 'It rains.' });
    const second = await client.responses.create({ model: 'default', input, tools: [weather] });
    expect(second.output_text).toBe('Take an umbrella.');
  });

  it('streams the arguments of a call', async () => {
    const { client } = await sdk(say(callText));
    const stream = client.responses.stream({ model: 'default', input: 'q', tools: [weather], tool_choice: 'required' });
    let text = '';
    stream.on('response.function_call_arguments.delta', ({ delta }) => {
      text += delta;
    });
    const { output } = await stream.finalResponse();
    expect(JSON.parse(text)).toEqual({ city: 'Oslo' });
    expect(output).toMatchObject([{ type: 'function_call', arguments: text, parsed_arguments: { city: 'Oslo' } }]);
  });

  it('counts input tokens', async () => {
    const { client } = await sdk();
    const counted = await client.responses.inputTokens.count({ model: 'default', input: 'Hello' });
    const { usage } = await client.responses.create({ model: 'default', input: 'Hello' });
    expect(counted).toMatchObject({ object: 'response.input_tokens', input_tokens: usage?.input_tokens });
  });

  it('aborts by leaving its loop', async () => {
    const { client, engine } = await sdk(babble);
    const stream = await client.responses.create({ model: 'default', input: 'q', stream: true });
    let events = 0;
    for await (const _ of stream) if (++events === 6) break;
    const signal = engine.submissions[0]?.signal;
    await new Promise((resolve) => (signal?.aborted ? resolve(null) : signal?.addEventListener('abort', resolve)));
  });
});

describe('errors as the openai client sees them, responses', () => {
  it('400 and 404', async () => {
    const { client } = await sdk(undefined, 256);
    const create = (extra: object) => failure(client.responses.create({ model: 'default', input: 'q', ...extra }));
    const stored = await create({ previous_response_id: 'resp_1' });
    expect(stored).toBeInstanceOf(BadRequestError);
    expect(stored).toMatchObject({ param: 'previous_response_id', code: 'unsupported_parameter' });
    expect(await create({ input: 'x'.repeat(400) })).toMatchObject({ code: 'context_length_exceeded', param: 'input' });
    expect(await create({ tools: [{ type: 'web_search' }] })).toMatchObject({ status: 400, param: 'tools.0.type' });
    expect(await failure(client.responses.retrieve('resp_1'))).toBeInstanceOf(NotFoundError);
    expect(await failure(client.responses.cancel('resp_1'))).toBeInstanceOf(NotFoundError);
    expect(await failure(client.responses.delete('resp_1'))).toBeInstanceOf(NotFoundError);
  });

  it('an error in the middle of a stream is thrown, by the helper too', async () => {
    const { client } = await sdk(failAfterFirstLetter);
    const told = { message: 'The engine has failed.', code: 'server_unavailable' };
    const stream = await client.responses.create({ model: 'default', input: 'q', stream: true });
    const reading = (async () => {
      for await (const _ of stream);
    })();
    expect(await failure(reading)).toMatchObject(told);
    expect(await failure(client.responses.stream({ model: 'default', input: 'q' }).finalResponse())).toMatchObject(
      told,
    );
  });
});
