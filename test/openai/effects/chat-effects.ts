import { expect } from 'vitest';
import type { TextCodec } from '../../../src/openai/served-model.ts';
import { listeningApp } from '../../http/support/app.ts';
import { ScriptedEngine, say } from '../support/scripted-engine.ts';
import { servedModel } from '../support/served.ts';
import { Asked, type Effect } from './asked.ts';

const weather = {
  name: 'get_weather',
  description: 'The weather of a place',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const tools = [
  { type: 'function', function: weather },
  { type: 'function', function: { ...weather, name: 'get_time' } },
];
const call = (name: string) => `{"name": "${name}", "arguments": {"city": "Rome"}}`;

/** The message with which a model that writes this text answers, and what was compiled for it. */
async function scripted(text: string, fields: object, codec: Partial<TextCodec> = {}) {
  const engine = new ScriptedEngine(say(text));
  const model = servedModel(engine);
  const { baseUrl } = await listeningApp(engine, { models: [{ ...model, text: { ...model.text, ...codec } }] });
  const answer = await new Asked(baseUrl, 'chat').ask({ max_tokens: 200, ...fields });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  const [choice] = answer.body['choices'] as { message: Record<string, unknown>; finish_reason: string }[];
  return { message: choice!.message, finishReason: choice!.finish_reason, grammars: engine.grammars };
}

const promptText = async (asked: Asked, fields: object): Promise<unknown> => {
  const answer = await asked.ask({ return_prompt_text: true, max_tokens: 1, ...fields });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body['prompt_text'];
};
const opened = [
  { role: 'user', content: 'Tell me a short story about a dog.' },
  { role: 'assistant', content: 'One day a dog' },
];

/** Fields of chat completions alone. */
export const chatEffects: Readonly<Record<string, Effect>> = {
  messages: async (asked) => {
    const cat = await asked.ask({ messages: [{ role: 'user', content: 'What is 2 + 3?' }] });
    expect(cat.choices[0]?.text).not.toBe((await asked.one()).text);
    expect(cat.promptTokenIds).not.toEqual((await asked.ask()).promptTokenIds);
  },

  max_completion_tokens: async (asked) => {
    expect((await asked.one({ max_completion_tokens: 3 })).tokenIds).toHaveLength(3);
  },

  add_generation_prompt: async (asked) => {
    const [open, closed] = [await asked.ask(), await asked.ask({ add_generation_prompt: false })];
    expect(open.promptTokenIds.length).toBeGreaterThan(closed.promptTokenIds.length);
    expect(open.promptTokenIds.slice(0, closed.promptTokenIds.length)).toEqual(closed.promptTokenIds);
  },

  top_logprobs: async (asked) => {
    for (const count of [1, 5, 20]) {
      const { tops } = await asked.one(asked.logprobFields(count));
      for (const top of tops) expect(Object.keys(top)).toHaveLength(count);
    }
  },

  return_prompt_text: async (asked) => {
    const { body } = await asked.ask({ return_prompt_text: true });
    expect(body['prompt_text']).toContain('Tell me a short story about a dog.');
    expect((await asked.ask()).body).not.toHaveProperty('prompt_text');
    const [first, ...others] = await asked.stream({ return_prompt_text: true });
    expect(first?.body['prompt_text']).toBe(body['prompt_text']);
    for (const chunk of others) expect(chunk.body).not.toHaveProperty('prompt_text');
  },

  tools: async (asked) => {
    expect(await promptText(asked, { tools })).toContain('get_weather');
    expect(await promptText(asked, {})).not.toContain('get_weather');
    const { message, finishReason } = await scripted(call('get_weather'), { tools });
    expect(message['tool_calls']).toMatchObject([
      { type: 'function', function: { name: 'get_weather', arguments: '{"city": "Rome"}' } },
    ]);
    expect(finishReason).toBe('tool_calls');
    expect((await scripted(call('get_weather'), {})).message['content']).toBe(call('get_weather'));
  },

  tool_choice: async (asked) => {
    expect(await promptText(asked, { tools, tool_choice: 'none' })).not.toContain('get_weather');
    expect((await scripted(call('get_time'), { tools, tool_choice: 'auto' })).grammars).toEqual([]);
    const required = await scripted(call('get_time'), { tools, tool_choice: 'required' });
    const named = await scripted(call('get_time'), {
      tools,
      tool_choice: { type: 'function', function: { name: 'get_time' } },
    });
    expect([required.grammars.length, named.grammars.length]).toEqual([1, 1]);
    expect(JSON.stringify(required.grammars)).toContain('get_weather');
    expect(JSON.stringify(named.grammars)).not.toContain('get_weather');
  },

  parallel_tool_calls: async () => {
    const two = `${call('get_weather')}\n${call('get_time')}`;
    const many = await scripted(two, { tools });
    const one = await scripted(two, { tools, parallel_tool_calls: false });
    expect(many.message['tool_calls']).toHaveLength(2);
    expect(one.message['tool_calls']).toHaveLength(1);
  },

  functions: async (asked) => {
    expect(await promptText(asked, { functions: [weather] })).toContain('get_weather');
    const { message, finishReason } = await scripted(call('get_weather'), { functions: [weather] });
    expect(message['function_call']).toEqual({ name: 'get_weather', arguments: '{"city": "Rome"}' });
    expect(finishReason).toBe('function_call');
  },

  function_call: async (asked) => {
    expect(await promptText(asked, { functions: [weather], function_call: 'none' })).not.toContain('get_weather');
    const fields = { functions: [weather], function_call: { name: 'get_weather' } };
    expect((await scripted(call('get_weather'), fields)).grammars).toHaveLength(1);
  },

  continue_final_message: async (asked) => {
    const fields = { messages: opened, add_generation_prompt: false };
    expect(await promptText(asked, { ...fields, continue_final_message: true })).toMatch(/One day a dog$/);
    expect(await promptText(asked, fields)).not.toMatch(/One day a dog$/);
  },

  echo: async (asked) => {
    const fields = { messages: opened, add_generation_prompt: false, continue_final_message: true };
    const plain = await asked.one(fields);
    expect((await asked.one({ ...fields, echo: true })).text).toBe(`One day a dog${plain.text}`);
  },

  include_reasoning: async () => {
    const reasons = (fields: object) => scripted('<think>Hm.</think>Yes.', fields, { reasoningFormat: 'deepseek_r1' });
    expect((await reasons({})).message).toMatchObject({ content: 'Yes.', reasoning_content: 'Hm.' });
    const hidden = (await reasons({ include_reasoning: false })).message;
    expect(hidden['content']).toBe('Yes.');
    expect(JSON.stringify(hidden)).not.toContain('Hm.');
  },

  chat_template: async (asked) => {
    const template = 'He said: {{ messages[0].content }}';
    const messages = [{ role: 'user', content: 'hi' }];
    expect(await promptText(asked, { messages, chat_template: template })).toMatch(/^(<.+>)?He said: hi$/u);
  },

  chat_template_kwargs: async (asked) => {
    const fields = { chat_template: 'Be {{ mood }}.', chat_template_kwargs: { mood: 'kind' } };
    expect(await promptText(asked, fields)).toMatch(/^(<.+>)?Be kind\.$/u);
  },

  documents: async (asked) => {
    const template = '{% for document in documents %}[{{ document.title }}]{% endfor %}';
    const documents = [{ title: 'one' }, { title: 'two' }];
    expect(await promptText(asked, { chat_template: template, documents })).toMatch(/^(<.+>)?\[one\]\[two\]$/u);
    expect((await asked.ask({ documents })).status).toBe(400);
  },
};
