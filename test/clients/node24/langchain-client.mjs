// LangChain for Node: the example of the DeepSeek-V2 README with nothing but the address changed.
import assert from 'node:assert/strict';
import { AIMessage, HumanMessage, SystemMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { baseURL, check, contextLength, post, README_MESSAGES, runChecks } from './checks.mjs';

const common = { model: 'deepseek-chat', apiKey: 'EMPTY', configuration: { baseURL } };
const llm = new ChatOpenAI({ ...common, temperature: 0.85, maxTokens: 8000 });
const greedy = new ChatOpenAI({ ...common, temperature: 0, maxTokens: 64 });
const [system, user] = README_MESSAGES;
const messages = [new SystemMessage(system.content), new HumanMessage(user.content)];

/** @param context tokens of prompt and answer together, to which max_tokens 8000 is cut */
function checkMessage(message, context) {
  assert.ok(message instanceof AIMessage);
  assert.notEqual(message.text.trim(), '');
  const { input_tokens, output_tokens, total_tokens } = message.usage_metadata;
  assert.equal(total_tokens, input_tokens + output_tokens);
  if (message.response_metadata.finish_reason !== 'stop') assert.equal(total_tokens, context);
}

check("langchain for Node: invoke with the README's settings", async () => {
  checkMessage(await llm.invoke(user.content), await contextLength());
});

check('langchain for Node: max_tokens 8000 ends with the context', async () => {
  const endless = new ChatOpenAI({ ...common, temperature: 0.85, maxTokens: 8000, modelKwargs: { ignore_eos: true } });
  const message = await endless.invoke(messages);
  assert.equal(message.response_metadata.finish_reason, 'length');
  assert.equal(message.usage_metadata.total_tokens, await contextLength());
});

check("langchain for Node: a greedy answer is the server's", async () => {
  const message = await greedy.invoke(messages);
  const body = { model: 'default', temperature: 0, max_tokens: 64, messages: README_MESSAGES };
  const { choices, usage } = await post('/chat/completions', body);
  assert.equal(message.text, choices[0].message.content);
  assert.equal(message.response_metadata.finish_reason, choices[0].finish_reason);
  assert.equal(message.usage_metadata.input_tokens, usage.prompt_tokens);
  assert.equal(message.usage_metadata.output_tokens, usage.completion_tokens);
});

check('langchain for Node: stream', async () => {
  const chunks = await Array.fromAsync(await greedy.stream(messages));
  const whole = chunks.reduce((sum, chunk) => sum.concat(chunk));
  const message = await greedy.invoke(messages);
  assert.equal(whole.text, message.text);
  assert.equal(whole.response_metadata.finish_reason, message.response_metadata.finish_reason);
  assert.equal(whole.usage_metadata.output_tokens, message.usage_metadata.output_tokens);
  assert.ok(chunks.filter((chunk) => chunk.text !== '').length > 1, 'the text came in one piece');
});

check('langchain for Node: batch keeps the order', async () => {
  const questions = ['What is the capital of France?', 'What is 3 + 4?', user.content];
  const texts = (await greedy.batch(questions)).map((message) => message.text);
  for (const [i, question] of questions.entries()) assert.equal(texts[i], (await greedy.invoke(question)).text);
  const context = await contextLength();
  for (const message of await llm.batch(questions)) checkMessage(message, context);
});

check('langchain for Node: its errors for an unknown model and for a prompt that is too long', async () => {
  const unknown = new ChatOpenAI({ ...common, model: 'no-such-model' });
  await assert.rejects(unknown.invoke('?'), { code: 'model_not_found', lc_error_code: 'MODEL_NOT_FOUND' });
  const long = 'one two three '.repeat(await contextLength());
  await assert.rejects(llm.invoke(long), { name: 'ContextOverflowError' });
});

await runChecks();
