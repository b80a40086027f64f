import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../src/cli/start-server.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

const root = mkdtempSync(path.join(tmpdir(), 'responses-'));
const folder = fileURLToPath(new URL('../../models/latent-tiny', import.meta.url));
let server: RunningServer;
let client: OpenAI;
beforeAll(async () => {
  const config = loadConfig({ flags: { model: folder, port: 0, cacheDir: root }, env: {} });
  server = await startServer(config, { logger: createLogger({ level: 'silent', pretty: false }), onEvent: () => {} });
  await server.ready;
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
});
afterAll(async () => {
  await server?.close();
  rmSync(root, { recursive: true });
});

const question = 'What is the capital of Norway?';
const body = { model: 'default', input: question, temperature: 0 };

describe('the shipped model behind /v1/responses', () => {
  it('answers as chat completions do, streaming and not', async () => {
    const chat = await client.chat.completions.create({
      model: 'default',
      messages: [{ role: 'user', content: question }],
      temperature: 0,
    });
    const response = await client.responses.create(body);
    expect(response.output_text).toBe(chat.choices[0]?.message.content);
    expect(response.output_text).toContain('Oslo');
    expect(response.usage?.input_tokens).toBe(chat.usage?.prompt_tokens);
    const streamed = await client.responses.stream(body).finalResponse();
    expect(streamed.output_text).toBe(response.output_text);
    expect(streamed.usage?.output_tokens).toBe(response.usage?.output_tokens);
  });

  it('goes on with an unfinished answer', async () => {
    const { output_text: whole } = await client.responses.create(body);
    const begin = whole.slice(0, whole.indexOf('Oslo')).trimEnd();
    const unfinished = {
      type: 'message',
      id: 'msg_1',
      role: 'assistant',
      status: 'incomplete',
      content: [{ type: 'output_text', text: begin, annotations: [] }],
    } as const;
    const input = [{ role: 'user', content: question }, unfinished] as OpenAI.Responses.ResponseInput;
    const rest = await client.responses.create({ ...body, input });
    expect(`${begin}${rest.output_text}`).toBe(whole);
  });

  it('takes the items of an answer back as they came', async () => {
    const first = await client.responses.create(body);
    const input = [
      { role: 'user', content: question },
      ...first.output,
      { role: 'user', content: 'What is the capital of France?' },
    ] as OpenAI.Responses.ResponseInput;
    const second = await client.responses.create({ ...body, input });
    expect(second.output_text).toContain('Paris');
    expect(second.usage?.input_tokens_details.cached_tokens).toBeGreaterThan(0);
  });

  it('calls a tool, streaming and not', async () => {
    const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
    const tools = [{ type: 'function' as const, name: 'get_weather', parameters, strict: null }];
    const asked = { ...body, input: 'What is the weather in Oslo?', tools };
    const { output } = await client.responses.create(asked);
    expect(output).toMatchObject([{ type: 'function_call', name: 'get_weather', status: 'completed' }]);
    const streamed = await client.responses.stream(asked).finalResponse();
    for (const [item] of [output, streamed.output]) {
      expect(JSON.parse(item?.type === 'function_call' ? item.arguments : '')).toEqual({ city: 'Oslo' });
    }
  });

  it('log-probabilities spell the text', async () => {
    const response = await client.responses.create({ ...body, include: ['message.output_text.logprobs'] });
    const [message] = response.output;
    const part = message?.type === 'message' ? message.content[0] : undefined;
    if (part?.type !== 'output_text') throw new Error('no text');
    const bytes = (part.logprobs ?? []).flatMap((entry) => entry.bytes);
    expect(Buffer.from(bytes).toString('utf8').trim()).toBe(part.text);
  });

  it('truncation auto answers the last question of a conversation that is too long', async () => {
    const filler = { role: 'user' as const, content: 'Tell me about the sea. '.repeat(40) };
    const input = [...new Array(60).fill(filler), { role: 'user' as const, content: question }];
    await expect(client.responses.create({ ...body, input })).rejects.toMatchObject({
      code: 'context_length_exceeded',
    });
    const response = await client.responses.create({ ...body, input, truncation: 'auto', max_output_tokens: 20 });
    expect(response.usage?.output_tokens).toBeGreaterThan(0);
  });
});
