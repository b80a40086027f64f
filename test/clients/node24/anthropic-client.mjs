// Anthropic's package for Node on /v1/messages.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import {
  check,
  contextLength,
  judgesAnswers,
  post,
  README_MESSAGES,
  rootURL,
  runChecks,
  untilIdle,
  WEATHER,
} from './checks.mjs';

const client = new Anthropic({ baseURL: rootURL, apiKey: 'EMPTY' });
const [{ content: system }, user] = README_MESSAGES;
const story = { role: 'user', content: 'Tell me a short story about a dog.' };
const greedy = { model: 'default', temperature: 0, max_tokens: 64 };
const request = { ...greedy, system, messages: [user] };
const weatherTool = {
  name: 'get_weather',
  description: 'Current weather of a city.',
  input_schema: {
    type: 'object',
    properties: { city: { type: 'string', maxLength: 24 } },
    required: ['city'],
    additionalProperties: false,
  },
};
const weather = { ...greedy, messages: [{ role: 'user', content: WEATHER }], tools: [weatherTool] };

check('anthropic for Node: create says what a chat completion says', async () => {
  const message = await client.messages.create(request);
  const { choices, usage } = await post('/chat/completions', { ...greedy, messages: README_MESSAGES });
  assert.deepEqual(
    message.content.map(({ type, text }) => [type, text]),
    [['text', choices[0].message.content]],
  );
  assert.equal(message.stop_reason, choices[0].finish_reason === 'stop' ? 'end_turn' : 'max_tokens');
  assert.equal(message.usage.output_tokens, usage.completion_tokens);
  assert.match(message._request_id, /./);
});

check('anthropic for Node: stream, as events and as text', async () => {
  const whole = await client.messages.create(request);
  const events = await Array.fromAsync(await client.messages.create({ ...request, stream: true }));
  const names = events.map(({ type }) => type).filter((type) => type !== 'content_block_delta' && type !== 'ping');
  assert.deepEqual(names, [
    'message_start',
    'content_block_start',
    'content_block_stop',
    'message_delta',
    'message_stop',
  ]);
  const stream = client.messages.stream(request);
  let text = '';
  stream.on('text', (delta) => {
    text += delta;
  });
  const final = await stream.finalMessage();
  assert.equal(text, whole.content[0].text);
  assert.equal(final.content[0].text, text);
  assert.equal(final.usage.output_tokens, whole.usage.output_tokens);
});

check('anthropic for Node: a tool, its result, and the answer', async () => {
  const first = await client.messages.create({ ...weather, tool_choice: { type: 'any' } });
  assert.equal(first.stop_reason, 'tool_use');
  const call = first.content.find(({ type }) => type === 'tool_use');
  assert.deepEqual([call.name, Object.keys(call.input)], ['get_weather', ['city']]);
  const streamed = await client.messages.stream({ ...weather, tool_choice: { type: 'any' } }).finalMessage();
  assert.deepEqual(streamed.content.find(({ type }) => type === 'tool_use').input, call.input);
  const result = { type: 'tool_result', tool_use_id: call.id, content: [{ type: 'text', text: '21 degrees' }] };
  const messages = [
    ...weather.messages,
    { role: 'assistant', content: first.content },
    { role: 'user', content: [result] },
  ];
  const answer = await client.messages.create({ ...weather, messages, tool_choice: { type: 'none' } });
  assert.notEqual(answer.content[0].text.trim(), '');
});

check('anthropic for Node: the tool runner', async () => {
  const calls = [];
  const run = ({ city }) => {
    calls.push(city);
    return '21 degrees';
  };
  const tool = { ...weatherTool, run, parse: (input) => input };
  const final = await client.beta.messages.toolRunner({ ...weather, tools: [tool], max_iterations: 3 });
  assert.notEqual(final.content.map(({ text }) => text ?? '').join(''), '');
  if (judgesAnswers) assert.deepEqual(calls, ['Rome']);
});

check('anthropic for Node: countTokens', async () => {
  const { input_tokens } = await client.messages.countTokens({ model: 'default', system, messages: [user] });
  const { usage } = await post('/chat/completions', { ...greedy, messages: README_MESSAGES, max_tokens: 1 });
  assert.equal(input_tokens, usage.prompt_tokens);
});

check('anthropic for Node: its errors', async () => {
  const long = [{ role: 'user', content: 'one two three '.repeat(await contextLength()) }];
  for (const [wrong, ErrorClass, type] of [
    [{ model: 'no-such-model' }, Anthropic.NotFoundError, 'not_found_error'],
    [{ temperature: 5 }, Anthropic.BadRequestError, 'invalid_request_error'],
    [{ messages: long }, Anthropic.BadRequestError, 'invalid_request_error'],
  ]) {
    for (const stream of [false, true]) {
      await assert.rejects(client.messages.create({ ...request, ...wrong, stream }), (error) => {
        assert.ok(error instanceof ErrorClass, error);
        assert.deepEqual([error.error.type, error.error.error.type], ['error', type]);
        assert.match(error.requestID, /./);
        return true;
      });
    }
  }
});

check('anthropic for Node: abort stops the request within 3 s', async () => {
  const stream = client.messages.stream({ ...request, messages: [story], max_tokens: 900 });
  stream.once('text', () => stream.abort());
  await assert.rejects(stream.done(), Anthropic.APIUserAbortError);
  await untilIdle();
});

await runChecks();
