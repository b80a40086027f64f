// The openai package for Node: the example of the DeepSeek-V2 README and what people do next.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { countries } from 'countries-list';
import OpenAI from 'openai';
import {
  baseURL,
  check,
  contextLength,
  get,
  judgesAnswers,
  post,
  README_MESSAGES,
  runChecks,
  running,
  untilIdle,
} from './checks.mjs';

const client = new OpenAI({ baseURL, apiKey: 'EMPTY' });
const messages = README_MESSAGES;
const greedy = { model: 'default', temperature: 0, max_tokens: 64 };

/** The same request without the library. */
async function expectedAnswer() {
  const { choices, usage } = await post('/chat/completions', { ...greedy, messages });
  return { text: choices[0].message.content, finishReason: choices[0].finish_reason, usage };
}

check(`openai for Node ${process.versions.node}: the README's chat completion`, async () => {
  const response = await client.chat.completions.create({ ...greedy, messages });
  const { text, finishReason, usage } = await expectedAnswer();
  assert.equal(response.object, 'chat.completion');
  assert.equal(response.model, (await get('/models')).data[0].id);
  assert.equal(response.choices.length, 1);
  const [choice] = response.choices;
  assert.deepEqual(choice.message, { role: 'assistant', content: text, refusal: null });
  assert.equal(choice.finish_reason, finishReason);
  assert.equal(response.usage.prompt_tokens, usage.prompt_tokens);
  assert.equal(response.usage.completion_tokens, usage.completion_tokens);
  assert.equal(response.usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
  if (finishReason === 'length') assert.equal(usage.completion_tokens, 64);
  assert.notEqual(text.trim(), '');
  assert.match(response._request_id, /./);
  if (!judgesAnswers) return;
  const right = Object.values(countries).filter(({ name, capital }) => text.includes(name) && text.includes(capital));
  assert.ok(right.length >= 3, text);
});

check('openai for Node: create with stream: true', async () => {
  const stream = await client.chat.completions.create({
    ...greedy,
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = await Array.fromAsync(stream);
  const { text, finishReason, usage } = await expectedAnswer();
  assert.equal(chunks[0].choices[0].delta.role, 'assistant');
  assert.equal(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join(''), text);
  assert.equal(chunks.at(-2).choices[0].finish_reason, finishReason);
  assert.deepEqual(chunks.at(-1).choices, []);
  assert.equal(chunks.at(-1).usage.completion_tokens, usage.completion_tokens);
  assert.equal(new Set(chunks.map(({ id, created }) => `${id} ${created}`)).size, 1);
});

check('openai for Node: the stream helper assembles the completion', async () => {
  const stream = client.chat.completions.stream({ ...greedy, messages });
  let deltas = '';
  stream.on('content', (delta) => {
    deltas += delta;
  });
  const final = await stream.finalChatCompletion();
  const { text, finishReason } = await expectedAnswer();
  assert.equal(final.choices[0].message.content, text);
  assert.equal(final.choices[0].finish_reason, finishReason);
  assert.equal(deltas, text);
});

check('openai for Node: abort in the middle of a stream', async () => {
  const stream = await client.chat.completions.create({ model: 'default', messages, stream: true, ignore_eos: true });
  let count = 0;
  for await (const _ of stream) if (++count === 5) stream.controller.abort();
  const whole = client.chat.completions.stream({ model: 'default', messages, ignore_eos: true });
  whole.once('content', () => whole.abort());
  await assert.rejects(whole.done(), OpenAI.APIUserAbortError);
  await untilIdle();
});

check('openai for Node: abort while waiting for an answer', async () => {
  const waiting = new AbortController();
  const request = { model: 'default', messages, ignore_eos: true, n: 16 };
  const answer = client.chat.completions.create(request, { signal: waiting.signal });
  const rejection = assert.rejects(answer, OpenAI.APIUserAbortError);
  while ((await running()) === 0) await delay(5);
  waiting.abort();
  await rejection;
  await untilIdle();
});

check('openai for Node: text completions', async () => {
  const request = { model: 'default', prompt: 'The sky is', temperature: 0, max_tokens: 8 };
  const response = await client.completions.create(request);
  assert.equal(response.object, 'text_completion');
  const chunks = await Array.fromAsync(await client.completions.create({ ...request, stream: true }));
  assert.equal(chunks.map((chunk) => chunk.choices[0].text).join(''), response.choices[0].text);
  assert.equal(chunks.at(-1).choices[0].finish_reason, response.choices[0].finish_reason);
});

check('openai for Node: models', async () => {
  const models = await Array.fromAsync(client.models.list());
  assert.equal(models.length, 1);
  assert.equal((await client.models.retrieve('deepseek-chat')).object, 'model');
});

check('openai for Node: NotFoundError for an unknown model, streaming or not', async () => {
  for (const stream of [false, true]) {
    await assert.rejects(client.chat.completions.create({ model: 'no-such-model', messages, stream }), (error) => {
      assert.ok(error instanceof OpenAI.NotFoundError);
      assert.deepEqual([error.status, error.code, error.param], [404, 'model_not_found', 'model']);
      assert.match(error.message, /no-such-model/);
      assert.match(error.requestID, /./);
      return true;
    });
  }
});

check('openai for Node: BadRequestError names the parameter', async () => {
  await assert.rejects(client.chat.completions.create({ ...greedy, messages, temperature: 5 }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.deepEqual([error.status, error.param, error.type], [400, 'temperature', 'invalid_request_error']);
    return true;
  });
});

check('openai for Node: BadRequestError with context_length_exceeded', async () => {
  const content = 'one two three '.repeat(await contextLength());
  const request = { ...greedy, messages: [{ role: 'user', content }], stream: true };
  await assert.rejects(client.chat.completions.create(request), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.code, 'context_length_exceeded');
    return true;
  });
});

await runChecks();
