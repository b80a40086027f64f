import { describe, expect, it } from 'vitest';
import { ApiError } from '../../src/errors.ts';
import { chatSchema } from '../../src/openai/chat-schema.ts';
import { completionSchema } from '../../src/openai/completion-schema.ts';
import { type Endpoint, parameterTable } from '../../src/openai/parameter-table.ts';
import { parseChat } from '../../src/openai/parse-chat.ts';
import { parseCompletion } from '../../src/openai/parse-completion.ts';
import { registryOf, servedModel } from './support/served.ts';

const registry = registryOf(servedModel());
const parse = {
  chat: (extra: object) => parseChat({ messages: [{ role: 'user', content: 'hi' }], ...extra }, registry),
  completions: (extra: object) => parseCompletion({ prompt: 'hi', ...extra }, registry),
};
const shapes = { chat: chatSchema.shape, completions: completionSchema.shape };

// The request fields of OpenAI's specification (openapi f85dbe22).
const openai: Record<Endpoint, string> = {
  chat: `audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages metadata
    modalities model moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_options
    prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream stream_options
    temperature tool_choice tools top_logprobs top_p user verbosity web_search_options`,
  completions: `best_of echo frequency_penalty logit_bias logprobs max_tokens model n presence_penalty prompt seed stop stream
    stream_options suffix temperature top_p user`,
};

describe.each(['chat', 'completions'] as const)('parameter table, %s', (endpoint) => {
  const parameters = parameterTable.filter((parameter) => parameter.endpoints.includes(endpoint));

  it('lists each field once', () => {
    const names = parameters.map((parameter) => parameter.name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('lists every field of the OpenAI specification', () => {
    const names = parameters.map((parameter) => parameter.name);
    expect(names).toEqual(expect.arrayContaining(openai[endpoint].split(/\s+/)));
  });

  it('calls supported exactly what the schema checks', () => {
    const supported = parameters.filter((parameter) => parameter.status === 'supported');
    expect(supported.map((parameter) => parameter.name).sort()).toEqual(Object.keys(shapes[endpoint]).sort());
  });

  it('accepts null for every field but the prompt', async () => {
    const required = ['messages', 'prompt'];
    const nulls = parameters.filter((p) => !required.includes(p.name)).map((parameter) => [parameter.name, null]);
    await expect(parse[endpoint](Object.fromEntries(nulls))).resolves.toMatchObject({ n: 1, stream: null });
  });

  const offOnly = parameters.filter((parameter) => parameter.status === 'off-only');
  it.each(offOnly)('$name: off values pass, another one is a 400 naming it', async ({ name, ...parameter }) => {
    if (parameter.status !== 'off-only') throw new Error('filtered above');
    for (const off of parameter.off) await expect(parse[endpoint]({ [name]: off })).resolves.toBeDefined();
    for (const on of ['something else', { a: 1 }, [{}], 77]) {
      const error = await parse[endpoint]({ [name]: on }).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(ApiError);
      expect(error).toMatchObject({ status: 400, param: name, message: expect.stringContaining('not supported yet') });
    }
  });

  const ignored = parameters.filter((parameter) => parameter.status === 'ignored');
  it.each(ignored)('$name: ignored, but not of any type', async ({ name, ...parameter }) => {
    if (parameter.status !== 'ignored') throw new Error('filtered above');
    const good = { string: 'x', boolean: true, object: { a: { b: 1 } } }[parameter.type];
    await expect(parse[endpoint]({ [name]: good })).resolves.toBeDefined();
    await expect(parse[endpoint]({ [name]: 12 })).rejects.toMatchObject({ status: 400, param: name });
    await expect(parse[endpoint]({ [name]: [] })).rejects.toMatchObject({ status: 400, param: name });
  });

  it('ignores fields that nobody knows', async () => {
    await expect(parse[endpoint]({ a_field_of_tomorrow: { deep: [1] }, '': 1 })).resolves.toBeDefined();
  });
});
