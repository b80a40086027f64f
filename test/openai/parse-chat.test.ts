import { describe, expect, it } from 'vitest';
import { parseChat } from '../../src/openai/parse-chat.ts';
import type { GenerationDefaults } from '../../src/openai/served-model.ts';
import { ASSISTANT, BOS, EOS, USER } from './support/byte-codec.ts';
import { ScriptedEngine } from './support/scripted-engine.ts';
import { registryOf, servedModel } from './support/served.ts';

const hi = [{ role: 'user', content: 'hi' }];
const parse = (body: object, defaults: GenerationDefaults = {}) =>
  parseChat({ messages: hi, ...body }, registryOf(servedModel(new ScriptedEngine(), defaults)));

describe('parseChat', () => {
  it('renders the conversation with a generation prompt; developer becomes system, parts are joined by newlines', async () => {
    const plan = await parse({
      messages: [
        { role: 'developer', content: 'S', name: 'n' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
        { role: 'assistant', content: null },
        { role: 'user', content: 'c' },
      ],
    });
    expect(plan.prompts[0]?.tokenIds).toEqual([BOS, 83, USER, 97, 10, 98, ASSISTANT, EOS, USER, 99, ASSISTANT]);
    expect(plan.requests[0]).toMatchObject({ stripLeadingSpace: true, promptTokenIds: plan.prompts[0]?.tokenIds });
  });

  it('leaves the generation prompt out on request', async () => {
    const plan = await parse({ add_generation_prompt: false });
    expect(plan.prompts[0]?.tokenIds).toEqual([BOS, USER, 104, 105]);
    expect(plan.requests[0]?.stripLeadingSpace).toBe(false);
  });

  it("has OpenAI's defaults, and all the room that is left", async () => {
    const plan = await parse({});
    expect(plan.requests).toHaveLength(1);
    expect(plan.requests[0]).toMatchObject({
      maxTokens: 256 - 5,
      stop: [],
      includeStopStrInOutput: false,
      skipSpecialTokens: true,
      priority: 0,
      cacheSalt: null,
      promptLogprobs: null,
      sampling: {
        temperature: 1,
        topP: 1,
        topK: 0,
        minP: 0,
        repetitionPenalty: 1,
        presencePenalty: 0,
        frequencyPenalty: 0,
        logitBias: [],
        seed: null,
        minTokens: 0,
        ignoreEos: false,
        stopTokenIds: [],
        logprobs: null,
      },
    });
  });

  it('puts the request before generation_config.json', async () => {
    const defaults = { temperature: 0.3, topP: 0.9, topK: 40, minP: 0.1, repetitionPenalty: 1.1, maxNewTokens: 9 };
    const configured = await parse({}, defaults);
    expect(configured.requests[0]).toMatchObject({
      maxTokens: 9,
      sampling: { temperature: 0.3, topP: 0.9, topK: 40, minP: 0.1, repetitionPenalty: 1.1 },
    });
    const asked = await parse(
      { temperature: 0, top_p: 1, top_k: -1, min_p: 0, repetition_penalty: 1, max_tokens: 3 },
      defaults,
    );
    expect(asked.requests[0]).toMatchObject({
      maxTokens: 3,
      sampling: { temperature: 0, topP: 1, topK: 0, minP: 0, repetitionPenalty: 1 },
    });
  });

  it('passes every sampling and stopping field on', async () => {
    const plan = await parse({
      temperature: 0.5,
      top_p: 0.25,
      top_k: 7,
      min_p: 0.05,
      repetition_penalty: 1.2,
      presence_penalty: -1,
      frequency_penalty: 2,
      logit_bias: { '7': -100, '12': 3.5 },
      seed: 42,
      min_tokens: 2,
      ignore_eos: true,
      stop: ['END', '\n\n'],
      stop_token_ids: [5, 6],
      include_stop_str_in_output: true,
      skip_special_tokens: false,
      logprobs: true,
      top_logprobs: 5,
      prompt_logprobs: 3,
      priority: -2,
      cache_salt: 'tenant-1',
      max_completion_tokens: 10,
      max_tokens: 99,
    });
    expect(plan.requests[0]).toMatchObject({
      maxTokens: 10,
      stop: ['END', '\n\n'],
      includeStopStrInOutput: true,
      skipSpecialTokens: false,
      priority: -2,
      cacheSalt: 'tenant-1',
      promptLogprobs: 3,
      sampling: {
        temperature: 0.5,
        topP: 0.25,
        topK: 7,
        minP: 0.05,
        repetitionPenalty: 1.2,
        presencePenalty: -1,
        frequencyPenalty: 2,
        logitBias: [
          [7, -100],
          [12, 3.5],
        ],
        seed: 42,
        minTokens: 2,
        ignoreEos: true,
        stopTokenIds: [5, 6],
        logprobs: 5,
      },
    });
  });

  it('accepts top_p 0 as a positive mass and one stop string for a list', async () => {
    const [request] = (await parse({ top_p: 0, stop: 'x' })).requests;
    expect(request?.sampling.topP).toBeGreaterThan(0);
    expect(request?.sampling.topP).toBeLessThan(1e-6);
    expect(request?.stop).toEqual(['x']);
  });

  it('clamps max_tokens and min_tokens to the room in the context', async () => {
    const [request] = (await parse({ max_tokens: 8000, min_tokens: 4000 })).requests;
    expect(request).toMatchObject({ maxTokens: 251, sampling: { minTokens: 251 } });
  });

  it('gives every choice a seed of its own, the same each time', async () => {
    const seeds = async () => (await parse({ n: 4, seed: 7 })).requests.map((request) => request.sampling.seed);
    const first = await seeds();
    expect(first[0]).toBe(7);
    expect(new Set(first).size).toBe(4);
    expect(await seeds()).toEqual(first);
  });

  it('scores a prompt once for all its choices, and gives requests unique ids', async () => {
    const plan = await parse({ n: 3, prompt_logprobs: 0, request_id: 'mine' });
    expect(plan.id).toBe('chatcmpl-mine');
    expect(plan.requests.map((request) => request.promptLogprobs)).toEqual([0, null, null]);
    const again = await parse({ n: 3, request_id: 'mine' });
    expect(new Set([...plan.requests, ...again.requests].map((request) => request.id)).size).toBe(6);
  });

  it('serves its aliases under the canonical name, and without a name the first model', async () => {
    for (const model of ['org/tiny-v2', 'default', 'deepseek-chat', undefined, null]) {
      expect((await parse({ model })).model).toBe('org/tiny-v2');
    }
    await expect(parse({ model: 'gpt-4' })).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
  });

  it('replaces lone surrogates, which have no UTF-8 form', async () => {
    const plan = await parse({ messages: [{ role: 'user', content: 'a\ud83d' }], stop: '\udc00' });
    expect(plan.prompts[0]?.tokenIds).toEqual([BOS, USER, 97, 0xef, 0xbf, 0xbd, ASSISTANT]);
    expect(plan.requests[0]?.stop).toEqual(['\ufffd']);
  });

  it('refuses a prompt that fills the context, with the length that was asked for', async () => {
    const content = 'x'.repeat(253);
    await expect(parse({ messages: [{ role: 'user', content }] })).rejects.toMatchObject({
      status: 400,
      param: 'messages',
      code: 'context_length_exceeded',
      message: expect.stringContaining('maximum context length is 256 tokens. However, you requested a prompt of 256'),
    });
    const fits = await parse({ messages: [{ role: 'user', content: content.slice(1) }] });
    expect(fits.requests[0]?.maxTokens).toBe(1);
  });

  it('refuses a hopelessly long prompt without encoding it', async () => {
    const model = servedModel();
    const codec = { ...model.text, encodeChat: () => Promise.reject(new Error('must not be called')) };
    const messages = [{ role: 'user', content: 'x'.repeat(256 * codec.maxTokenLength + 1) }];
    await expect(parseChat({ messages }, registryOf({ ...model, text: codec }))).rejects.toMatchObject({
      status: 400,
      param: 'messages',
      code: 'context_length_exceeded',
      message: expect.stringContaining('maximum context length'),
    });
  });
});
