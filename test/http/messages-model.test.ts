import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../src/cli/start-server.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

const root = mkdtempSync(path.join(tmpdir(), 'messages-'));
const folder = fileURLToPath(new URL('../../models/latent-tiny', import.meta.url));
let server: RunningServer;
let client: Anthropic;
beforeAll(async () => {
  const config = loadConfig({ flags: { model: folder, port: 0, cacheDir: root }, env: {} });
  server = await startServer(config, { logger: createLogger({ level: 'silent', pretty: false }), onEvent: () => {} });
  await server.ready;
  client = new Anthropic({ baseURL: server.url, apiKey: 'none', maxRetries: 0 });
});
afterAll(async () => {
  await server?.close();
  rmSync(root, { recursive: true });
});

const question = { role: 'user' as const, content: 'What is the capital of Norway?' };
const body = { model: 'default', max_tokens: 50, messages: [question] };
const textOf = (message: Anthropic.Message): string =>
  message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');

describe('the shipped model behind the Anthropic client', () => {
  it('answers, streaming and not, alike', async () => {
    const message = await client.messages.create(body);
    expect(textOf(message)).toContain('Oslo');
    expect(textOf(message)).not.toMatch(/^\s/);
    expect(message.stop_reason).toBe('end_turn');
    const streamed = await client.messages.stream(body).finalMessage();
    expect(textOf(streamed)).toBe(textOf(message));
    expect(streamed.usage.output_tokens).toBe(message.usage.output_tokens);
  });

  it('counts the tokens that the run has, cached ones among them', async () => {
    const system = 'You answer questions about countries. '.repeat(10);
    const { input_tokens } = await client.messages.countTokens({ model: 'default', system, messages: [question] });
    const warmed = await client.messages.create({ ...body, system, max_tokens: 0 });
    expect(warmed).toMatchObject({ content: [], stop_reason: 'max_tokens' });
    expect(warmed.usage).toMatchObject({ input_tokens, cache_read_input_tokens: 0, output_tokens: 0 });
    const { usage } = await client.messages.create({ ...body, system });
    expect(usage.cache_read_input_tokens).toBeGreaterThan(0);
    expect(usage.input_tokens + (usage.cache_read_input_tokens ?? 0)).toBe(input_tokens);
  });

  it('goes on with a prefill', async () => {
    const whole = textOf(await client.messages.create(body));
    const begin = whole.slice(0, whole.indexOf('Oslo')).trimEnd();
    const prefill = { role: 'assistant' as const, content: begin };
    const rest = await client.messages.create({ ...body, messages: [question, prefill] });
    expect(`${begin}${textOf(rest)}`).toBe(whole);
  });

  it('stops where it is told', async () => {
    const whole = textOf(await client.messages.create(body));
    const message = await client.messages.create({ ...body, stop_sequences: ['nowhere', 'Oslo'] });
    expect(message).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: 'Oslo' });
    expect(textOf(message)).toBe(whole.slice(0, whole.indexOf('Oslo')));
    const short = await client.messages.create({ ...body, max_tokens: 1 });
    expect(short).toMatchObject({ stop_reason: 'max_tokens', usage: { output_tokens: 1 } });
  });

  it('calls a tool, streaming and not, and takes its result', async () => {
    const properties = { city: { type: 'string' } };
    const schema = { type: 'object' as const, properties, required: ['city'] };
    const tools = [{ name: 'get_weather', description: 'Get the weather of a city', input_schema: schema }];
    const asked = { role: 'user' as const, content: 'What is the weather in Paris?' };
    const request = { model: 'default', max_tokens: 100, messages: [asked], tools };
    const whole = await client.messages.create(request);
    const streamed = await client.messages.stream(request).finalMessage();
    for (const message of [whole, streamed]) {
      expect(message.content).toMatchObject([{ type: 'tool_use', name: 'get_weather', input: { city: 'Paris' } }]);
      expect(message.stop_reason).toBe('tool_use');
    }
    const { model, messages } = request;
    const { input_tokens } = await client.messages.countTokens({ model, messages, tools });
    expect(whole.usage.input_tokens + (whole.usage.cache_read_input_tokens ?? 0)).toBe(input_tokens);

    const [call] = whole.content;
    const result = {
      type: 'tool_result' as const,
      tool_use_id: call?.type === 'tool_use' ? call.id : '',
      content: '22',
    };
    const history = [asked, { role: 'assistant' as const, content: whole.content }];
    const answer = await client.messages.create({
      ...request,
      messages: [...history, { role: 'user', content: [result] }],
    });
    expect(answer.usage.input_tokens + (answer.usage.cache_read_input_tokens ?? 0)).toBeGreaterThan(input_tokens);
  });
});
