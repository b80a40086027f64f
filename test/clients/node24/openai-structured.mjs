// Structured outputs and tools with the openai package for Node and zod.
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { zodFunction, zodResponseFormat, zodResponsesFunction, zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import {
  baseURL,
  check,
  JAPAN,
  judgesAnswers,
  post,
  README_MESSAGES,
  runChecks,
  untilIdle,
  WEATHER,
} from './checks.mjs';

const client = new OpenAI({ baseURL, apiKey: 'EMPTY' });
const greedy = { model: 'default', temperature: 0, max_tokens: 150 };
const answer = { model: 'default', temperature: 0, max_output_tokens: 150 };
const japan = [{ role: 'user', content: JAPAN }];
const weather = [{ role: 'user', content: WEATHER }];

/** Bounded, so that an answer ends whatever the model is. */
const short = z.string().max(24);
const Country = z.object({ name: short, capital: short });
/** Bounded everywhere, so that any answer ends. */
const Pet = z.object({
  kind: z.enum(['cat', 'dog']),
  age: z.int().min(0).max(40),
  tags: z.array(z.enum(['tame', 'wild'])).max(2),
  friend: z.object({ kind: z.literal('bird') }).nullable(),
});
const City = z.object({ city: short });

function weatherFunction(calls) {
  return zodFunction({
    name: 'get_weather',
    description: 'Current weather of a city.',
    parameters: City,
    function: ({ city }) => {
      calls.push(city);
      return { city, temperature: '21 degrees' };
    },
  });
}

check('openai for Node: parse with zodResponseFormat', async () => {
  const request = { ...greedy, messages: japan, response_format: zodResponseFormat(Country, 'country') };
  const { choices } = await client.chat.completions.parse(request);
  assert.deepEqual(choices[0].message.parsed, Country.parse(JSON.parse(choices[0].message.content)));
  if (judgesAnswers) assert.deepEqual(choices[0].message.parsed, { name: 'Japan', capital: 'Tokyo' });
  const streamed = await client.chat.completions.stream(request).finalChatCompletion();
  assert.deepEqual(streamed.choices[0].message.parsed, choices[0].message.parsed);
});

check('openai for Node: every answer at temperature 1.5 validates', async () => {
  const response_format = zodResponseFormat(Pet, 'pet');
  const request = { model: 'default', messages: japan, response_format, temperature: 1.5, seed: 1, n: 12 };
  const { choices } = await client.chat.completions.parse({ ...request, max_tokens: 200 });
  for (const { message, finish_reason } of choices) {
    assert.equal(finish_reason, 'stop');
    Pet.parse(message.parsed);
  }
  assert.ok(new Set(choices.map(({ message }) => message.content)).size > 1);
});

check('openai for Node: LengthFinishReasonError', async () => {
  const request = { ...greedy, messages: japan, response_format: zodResponseFormat(Country, 'country'), max_tokens: 3 };
  await assert.rejects(client.chat.completions.parse(request), OpenAI.LengthFinishReasonError);
});

check('openai for Node: a required zodFunction is called with arguments that validate, streamed too', async () => {
  const tools = [weatherFunction([])];
  const request = { ...greedy, messages: weather, tools, tool_choice: 'required' };
  const { choices } = await client.chat.completions.parse(request);
  const [call] = choices[0].message.tool_calls;
  assert.equal(choices[0].finish_reason, 'tool_calls');
  assert.equal(call.function.name, 'get_weather');
  City.parse(call.function.parsed_arguments);
  const streamed = await client.chat.completions.stream(request).finalChatCompletion();
  const [same] = streamed.choices[0].message.tool_calls;
  assert.deepEqual(
    [same.function.name, same.function.arguments, same.type],
    [call.function.name, call.function.arguments, 'function'],
  );
});

for (const stream of [false, true]) {
  check(`openai for Node: runTools${stream ? ', streamed' : ''}`, async () => {
    // Without an answer that is known, it may end anywhere.
    if (!judgesAnswers) return;
    const calls = [];
    const runner = client.chat.completions.runTools(
      { ...greedy, messages: weather, tools: [weatherFunction(calls)], stream },
      { maxChatCompletions: 3 },
    );
    const content = await runner.finalContent();
    assert.notEqual(content.trim(), '');
    assert.deepEqual(calls, ['Rome']);
    const roles = runner.messages.map(({ role }) => role);
    assert.deepEqual(roles, ['user', 'assistant', 'tool', 'assistant']);
  });
}

check('openai for Node: responses.create, whole and streamed', async () => {
  const [system, user] = README_MESSAGES;
  const request = { ...answer, instructions: system.content, input: user.content };
  const response = await client.responses.create(request);
  const chat = await post('/chat/completions', { ...greedy, messages: README_MESSAGES });
  const isWhole = chat.choices[0].finish_reason === 'stop';
  assert.equal(response.status, isWhole ? 'completed' : 'incomplete');
  assert.equal(response.output_text, chat.choices[0].message.content);
  assert.equal(response.usage.input_tokens, chat.usage.prompt_tokens);
  const events = await Array.fromAsync(await client.responses.create({ ...request, stream: true }));
  const deltas = events.filter(({ type }) => type === 'response.output_text.delta').map(({ delta }) => delta);
  assert.equal(deltas.join(''), response.output_text);
  assert.equal(events.at(-1).type, `response.${response.status}`);
  assert.deepEqual(
    events.map((event) => event.sequence_number),
    events.map((_, i) => i),
  );
  const final = await client.responses.stream(request).finalResponse();
  assert.equal(final.output_text, response.output_text);
});

check('openai for Node: responses.parse with zodTextFormat', async () => {
  const request = { ...answer, input: JAPAN, text: { format: zodTextFormat(Country, 'country') } };
  const response = await client.responses.parse(request);
  Country.parse(response.output_parsed);
  if (judgesAnswers) assert.deepEqual(response.output_parsed, { name: 'Japan', capital: 'Tokyo' });
  const final = await client.responses.stream(request).finalResponse();
  assert.deepEqual(final.output_parsed, response.output_parsed);
});

check('openai for Node: responses with a zodResponsesFunction, its result, and the answer', async () => {
  const tools = [zodResponsesFunction({ name: 'get_weather', description: 'Current weather.', parameters: City })];
  const request = { ...answer, tools, input: WEATHER };
  const first = await client.responses.parse({ ...request, tool_choice: 'required' });
  const call = first.output.find(({ type }) => type === 'function_call');
  City.parse(call.parsed_arguments);
  const streamed = await client.responses.stream({ ...request, tool_choice: 'required' }).finalResponse();
  assert.equal(streamed.output.find(({ type }) => type === 'function_call').arguments, call.arguments);
  const result = { type: 'function_call_output', call_id: call.call_id, output: '{"temperature": "21 degrees"}' };
  const input = [{ role: 'user', content: WEATHER }, ...first.output, result];
  const second = await client.responses.create({ ...request, input, tool_choice: 'none' });
  assert.notEqual(second.output_text.trim(), '');
});

check('openai for Node: leaving a responses stream stops it within 3 s', async () => {
  const input = 'Tell me a short story about a dog.';
  const stream = await client.responses.create({ model: 'default', input, stream: true });
  for await (const { type } of stream) if (type === 'response.output_text.delta') break;
  await untilIdle();
});

await runChecks();
