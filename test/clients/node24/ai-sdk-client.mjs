// Vercel's AI SDK with its OpenAI-compatible, DeepSeek and OpenAI providers; the last uses the Responses API.
import assert from 'node:assert/strict';
import { createDeepSeek } from '@ai-sdk/deepseek';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateObject, generateText, isStepCount, Output, streamObject, streamText, tool } from 'ai';
import { z } from 'zod';
import {
  baseURL,
  check,
  JAPAN,
  judgesAnswers,
  post,
  README_MESSAGES,
  rootURL,
  runChecks,
  untilIdle,
  WEATHER,
} from './checks.mjs';

globalThis.AI_SDK_LOG_WARNINGS = false;
const connection = { baseURL, apiKey: 'EMPTY' };
const compatible = { ...connection, name: 'latent-serve', includeUsage: true, supportsStructuredOutputs: true };
const providers = [
  ['@ai-sdk/openai-compatible', createOpenAICompatible(compatible)('default')],
  ['@ai-sdk/deepseek', createDeepSeek({ ...connection, baseURL: rootURL })('deepseek-chat')],
  ['@ai-sdk/openai', createOpenAI(connection)('default')],
];
const greedy = { temperature: 0, maxOutputTokens: 150, maxRetries: 0 };
const [{ content: instructions }, { content: prompt }] = README_MESSAGES;
/** Bounded, so that an answer ends whatever the model is. */
const short = z.string().max(24);
const Country = z.object({ name: short, capital: short });

/** A tool with zod arguments, and what it was called with. */
function weatherTools() {
  const calls = [];
  const execute = async ({ city }) => {
    calls.push(city);
    return { city, temperature: '21 degrees' };
  };
  const inputSchema = z.object({ city: short });
  return { calls, tools: { get_weather: tool({ description: 'Current weather of a city.', inputSchema, execute }) } };
}

for (const [name, model] of providers) {
  check(`${name}: generateText and streamText`, async () => {
    const body = { model: 'default', temperature: 0, max_tokens: 150, messages: README_MESSAGES };
    const { choices, usage } = await post('/chat/completions', body);
    const whole = await generateText({ ...greedy, model, instructions, prompt });
    assert.equal(whole.text, choices[0].message.content);
    assert.equal(whole.finishReason, choices[0].finish_reason);
    assert.equal(whole.usage.inputTokens, usage.prompt_tokens);
    assert.equal(whole.usage.outputTokens, usage.completion_tokens);
    const streamed = streamText({ ...greedy, model, instructions, prompt });
    const deltas = await Array.fromAsync(streamed.textStream);
    assert.equal(deltas.join(''), whole.text);
    assert.ok(deltas.length > 1, 'the text came in one piece');
    assert.equal((await streamed.usage).outputTokens, usage.completion_tokens);
  });

  check(`${name}: objects, whole and streamed`, async () => {
    // This provider has JSON mode only, in which nothing but the model sets an end.
    if (name === '@ai-sdk/deepseek' && !judgesAnswers) return;
    const { output } = await generateText({
      ...greedy,
      model,
      prompt: JAPAN,
      output: Output.object({ schema: Country }),
    });
    const { object } = await generateObject({ ...greedy, model, prompt: JAPAN, schema: Country });
    const streamed = streamObject({ ...greedy, model, prompt: JAPAN, schema: Country });
    const partial = await Array.fromAsync(streamed.partialObjectStream);
    assert.ok(partial.length > 1, 'the object came in one piece');
    for (const value of [output, object, await streamed.object]) {
      Country.parse(value);
      if (judgesAnswers) assert.deepEqual(value, { name: 'Japan', capital: 'Tokyo' });
    }
  });

  check(`${name}: a required tool is called, whole and streamed`, async () => {
    const { tools } = weatherTools();
    const request = { ...greedy, model, prompt: WEATHER, tools, toolChoice: 'required' };
    const whole = await generateText(request);
    assert.equal(whole.finishReason, 'tool-calls');
    assert.deepEqual(Object.keys(whole.toolCalls[0].input), ['city']);
    const streamed = streamText(request);
    await streamed.consumeStream();
    assert.deepEqual((await streamed.toolCalls)[0].input, whole.toolCalls[0].input);
  });

  check(`${name}: several steps with a tool`, async () => {
    const { tools, calls } = weatherTools();
    const prepareStep = ({ stepNumber }) => ({ toolChoice: stepNumber === 0 ? 'required' : 'none' });
    const stopWhen = isStepCount(3);
    const { steps, text } = await generateText({ ...greedy, model, prompt: WEATHER, tools, prepareStep, stopWhen });
    assert.equal(steps.length, 2);
    assert.equal(calls.length, 1);
    assert.notEqual(text.trim(), '');
  });

  check(`${name}: abort stops the request within 3 s, and errors are APICallErrors`, async () => {
    const abort = new AbortController();
    const { textStream } = streamText({
      ...greedy,
      model,
      prompt: 'Tell me a short story about a dog.',
      maxOutputTokens: 900,
      abortSignal: abort.signal,
      onError: () => {},
    });
    for await (const _ of textStream) abort.abort();
    await untilIdle();
    await assert.rejects(generateText({ model, prompt, maxRetries: 0, temperature: 5 }), (error) => {
      assert.ok(APICallError.isInstance(error), error);
      assert.equal(error.statusCode, 400);
      assert.match(error.message, /temperature/);
      return true;
    });
  });
}

check('AI SDK: an object at temperature 1.5 validates', async () => {
  const schema = z.object({ kind: z.enum(['cat', 'dog']), age: z.int().min(0).max(40) });
  for (const [, model] of [providers[0], providers[2]]) {
    const { object } = await generateObject({ model, prompt: 'A pet, please.', schema, temperature: 1.5, seed: 4 });
    schema.parse(object);
  }
});

await runChecks();
