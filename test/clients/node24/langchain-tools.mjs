// Tools and structured output with @langchain/openai and @langchain/deepseek.
import assert from 'node:assert/strict';
import { HumanMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatDeepSeek } from '@langchain/deepseek';
import { ChatOpenAI } from '@langchain/openai';
import { z } from 'zod';
import { baseURL, check, JAPAN, judgesAnswers, post, README_MESSAGES, rootURL, runChecks, WEATHER } from './checks.mjs';

const settings = { model: 'deepseek-chat', apiKey: 'EMPTY', temperature: 0, maxTokens: 150, maxRetries: 0 };
const packages = [
  ['@langchain/openai', (more) => new ChatOpenAI({ ...settings, configuration: { baseURL }, ...more })],
  ['@langchain/deepseek', (more) => new ChatDeepSeek({ ...settings, configuration: { baseURL: rootURL }, ...more })],
];
/** Bounded, so that an answer ends whatever the model is. */
const short = z.string().max(24);
const Country = z.object({ name: short, capital: short });
const getWeather = tool(({ city }) => `{"city": "${city}", "temperature": "21 degrees"}`, {
  name: 'get_weather',
  description: 'Current weather of a city.',
  schema: z.object({ city: short }),
});

async function collect(chunks) {
  return (await Array.fromAsync(chunks)).reduce((sum, chunk) => sum.concat(chunk));
}

for (const [name, chatModel] of packages) {
  const model = chatModel({});
  const messages = README_MESSAGES.map(({ role, content }) => ({ role, content }));

  check(`${name}: invoke, batch, stream and usage_metadata`, async () => {
    const body = { model: 'default', temperature: 0, max_tokens: 150, messages: README_MESSAGES };
    const { choices } = await post('/chat/completions', body);
    const text = choices[0].message.content;
    assert.equal((await model.invoke(messages)).text, text);
    const batch = await model.batch([messages, messages]);
    assert.deepEqual(
      batch.map((message) => message.text),
      [text, text],
    );
    assert.equal((await collect(await model.stream(messages))).text, text);
    const question = `${Date.now()} ${'The quick brown fox jumps over the lazy dog. '.repeat(10)}`;
    await model.invoke(question);
    const { input_tokens, input_token_details } = (await model.invoke(question)).usage_metadata;
    assert.ok(input_token_details.cache_read >= input_tokens - 16, 'the prompt was not cached');
  });

  check(`${name}: withStructuredOutput by each method`, async () => {
    const methods =
      name === '@langchain/openai' ? ['jsonSchema', 'functionCalling', 'jsonMode'] : ['functionCalling', 'jsonMode'];
    for (const method of methods) {
      // In JSON mode nothing but the model sets an end.
      if (method === 'jsonMode' && !judgesAnswers) continue;
      const answer = await model.withStructuredOutput(Country, { method }).invoke(JAPAN);
      Country.parse(answer);
      // The small model makes little of an "extract" tool, but its arguments validate.
      if (judgesAnswers && method !== 'functionCalling') assert.deepEqual(answer, { name: 'Japan', capital: 'Tokyo' });
    }
    const Pet = z.object({ kind: z.enum(['cat', 'dog']), age: z.int().min(0).max(40) });
    const wild = chatModel({ temperature: 1.5 }).withStructuredOutput(Pet, { method: methods[0] });
    for (const pet of await wild.batch(new Array(4).fill('A pet, please.'))) Pet.parse(pet);
  });

  check(`${name}: bindTools, invoke and stream, and a second round`, async () => {
    const bound = model.bindTools([getWeather], { tool_choice: 'get_weather' });
    const question = new HumanMessage(WEATHER);
    const message = await bound.invoke([question]);
    const [call] = message.tool_calls;
    assert.deepEqual([call.name, Object.keys(call.args)], ['get_weather', ['city']]);
    const streamed = await collect(await bound.stream([question]));
    assert.deepEqual(streamed.tool_calls[0].args, call.args);
    const answer = await model.invoke([question, message, await getWeather.invoke(call)]);
    assert.notEqual(answer.text.trim(), '');
    if (!judgesAnswers) return;
    const free = await model.bindTools([getWeather]).invoke([question]);
    assert.deepEqual(
      free.tool_calls.map(({ args }) => args),
      [{ city: 'Rome' }],
    );
  });
}

check('@langchain/openai: the Responses API', async () => {
  const model = packages[0][1]({ useResponsesApi: true });
  const message = await model.invoke(README_MESSAGES);
  assert.equal(message.text, (await packages[0][1]({}).invoke(README_MESSAGES)).text);
  assert.equal((await collect(await model.stream(README_MESSAGES))).text, message.text);
});

await runChecks();
