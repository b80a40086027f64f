import { describe, expect, it } from 'vitest';
import { parameterTable } from '../../../src/openai/parameter-table.ts';
import { parseResponses } from '../../../src/openai/responses/parse-responses.ts';
import { responsesSchema } from '../../../src/openai/responses/responses-schema.ts';
import { planOf, watchedRegistry } from './support/plans.ts';
import { scriptedSpecs } from './support/specs.ts';

const plan = (fields: object) => planOf({ input: 'hi', ...fields });
const parameters = parameterTable.filter(({ endpoints }) => endpoints.includes('responses'));
const names = parameters.map(({ name }) => name);

// The request fields of openai-node 6.49 (ResponseCreateParamsBase) with those of 7.57, and of vLLM's ResponsesRequest.
const openai =
  `access_programs background context_management conversation image include input instructions max_output_tokens
  max_tool_calls metadata model moderation parallel_tool_calls previous_response_id prompt prompt_cache_key
  prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options
  temperature text tool_choice tools top_logprobs top_p truncation user`.split(/\s+/);
const vllm = `cache_salt enable_response_messages ignore_eos include_stop_str_in_output logit_bias mm_processor_kwargs
  previous_input_messages previous_response priority repetition_penalty request_id seed skip_special_tokens stop
  structured_outputs top_k vllm_xargs`.split(/\s+/);

describe('parameter table, responses', () => {
  it('lists each field once, and all of OpenAI and vLLM', () => {
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining([...openai, ...vllm]));
  });

  it('calls supported exactly what the schema checks', () => {
    const supported = parameters.filter(({ status, name }) => status === 'supported' && !name.includes('.'));
    expect(supported.map(({ name }) => name).sort()).toEqual(Object.keys(responsesSchema.shape).sort());
  });

  it('accepts null for every field but the input', async () => {
    const nulls = names.filter((name) => name !== 'input' && !name.includes('.')).map((name) => [name, null]);
    await expect(plan(Object.fromEntries(nulls))).resolves.toMatchObject({ n: 1, stream: null });
  });

  it.each(parameters.filter(({ status }) => status === 'off-only'))('$name: off', async ({ name, ...parameter }) => {
    if (parameter.status !== 'off-only') throw new Error('filtered above');
    for (const off of parameter.off) await expect(plan({ [name]: off })).resolves.toBeDefined();
    for (const on of ['something else', { a: 1 }, [{}], 77]) {
      await expect(plan({ [name]: on })).rejects.toMatchObject({
        status: 400,
        param: name,
        code: 'unsupported_parameter',
      });
    }
  });

  it.each(parameters.filter(({ status }) => status === 'ignored'))('$name: ignored', async ({ name, ...parameter }) => {
    if (parameter.status !== 'ignored') throw new Error('filtered above');
    const good = { string: 'x', boolean: true, integer: 7, object: { a: 1 } }[parameter.type];
    await expect(plan({ [name]: good })).resolves.toBeDefined();
    await expect(plan({ [name]: 1.5 })).rejects.toMatchObject({ status: 400, param: name });
    await expect(plan({ [name]: [] })).rejects.toMatchObject({ status: 400, param: name });
  });

  it('ignores fields that nobody knows', async () => {
    await expect(plan({ a_field_of_tomorrow: [1] })).resolves.toBeDefined();
  });
});

describe('what is stored elsewhere', () => {
  it.each(['previous_response_id', 'conversation'])('%s: the error says that nothing is', async (name) => {
    const message = expect.stringContaining('stores no responses');
    await expect(plan({ [name]: 'x_1' })).rejects.toMatchObject({ status: 400, param: name, message });
  });

  it.each([true, false, null])('store %j is answered as false', async (store) => {
    expect((await plan({ store })).settings).toMatchObject({ store: false, previous_response_id: null });
  });
});

describe('fields reach the engine', () => {
  it('sampling and limits', async () => {
    const { requests } = await plan({
      temperature: 0.3,
      top_p: 0.8,
      top_k: 7,
      min_p: 0.1,
      seed: 5,
      repetition_penalty: 1.2,
      presence_penalty: 0.5,
      frequency_penalty: 0.25,
      logit_bias: { '97': 3 },
      max_output_tokens: 9,
      min_tokens: 2,
      stop: ['END'],
      include_stop_str_in_output: true,
      ignore_eos: true,
      priority: -3,
      cache_salt: 'salt',
    });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      maxTokens: 9,
      stop: ['END'],
      includeStopStrInOutput: true,
      priority: -3,
      cacheSalt: 'salt',
      sampling: {
        temperature: 0.3,
        topP: 0.8,
        topK: 7,
        minP: 0.1,
        repetitionPenalty: 1.2,
        presencePenalty: 0.5,
        frequencyPenalty: 0.25,
        logitBias: [[97, 3]],
        minTokens: 2,
        ignoreEos: true,
      },
    });
  });

  it('without max_output_tokens there is what the context has room for', async () => {
    const { requests, settings } = await plan({});
    expect(requests[0]?.maxTokens).toBe(256 - requests[0]!.promptTokenIds.length);
    expect(settings.max_output_tokens).toBeNull();
  });

  it('log-probabilities by include, by top_logprobs, or by both', async () => {
    const include = ['message.output_text.logprobs', 'reasoning.encrypted_content'];
    expect((await plan({ include: include.slice(1) })).logprobs).toBeNull();
    expect((await plan({ include })).logprobs).toBe(0);
    expect((await plan({ include, top_logprobs: 3 })).logprobs).toBe(3);
    expect((await plan({ top_logprobs: 3 })).requests[0]?.sampling.logprobs).toBe(3);
    expect((await plan({ top_logprobs: 0 })).logprobs).toBeNull();
  });
});

describe('the form of the answer', () => {
  const schema = { type: 'object', properties: { a: { type: 'integer' } } };

  it('json_schema, flat', async () => {
    const format = { type: 'json_schema', name: 'answer', schema, strict: true };
    const { specs, settings } = await scriptedSpecs({ input: 'hi', text: { format } });
    expect(specs).toMatchObject([{ type: 'jsonSchema', schema: JSON.stringify(schema) }]);
    expect(settings.text).toEqual({ format, verbosity: 'medium' });
  });

  it('json_object', async () => {
    const { specs, settings } = await scriptedSpecs({ input: 'hi', text: { format: { type: 'json_object' } } });
    expect(specs).toMatchObject([{ type: 'jsonObject' }]);
    expect(settings.text.format).toEqual({ type: 'json_object' });
  });

  it.each([{}, { format: null }, { format: { type: 'text' }, verbosity: 'medium' }])('%j: text', async (text) => {
    const { specs, settings } = await scriptedSpecs({ input: 'hi', text });
    expect(specs).toEqual([]);
    expect(settings.text).toEqual({ format: { type: 'text' }, verbosity: 'medium' });
  });
});

describe('what the answer repeats', () => {
  it('of the request, after the defaults of the model', async () => {
    const { settings, created } = await plan({
      instructions: 'Be brief.',
      metadata: { k: 'v' },
      temperature: 0.5,
      truncation: 'auto',
      max_tool_calls: 4,
      user: 'u',
      safety_identifier: 's',
      prompt_cache_key: 'p',
      service_tier: 'flex',
      reasoning: { effort: 'none', summary: null },
      top_logprobs: 2,
    });
    expect(settings).toEqual({
      id: expect.stringMatching(/^resp_\w{32}$/),
      object: 'response',
      created_at: created,
      model: 'org/tiny-v2',
      background: false,
      conversation: null,
      frequency_penalty: 0,
      instructions: 'Be brief.',
      max_output_tokens: null,
      max_tool_calls: 4,
      metadata: { k: 'v' },
      parallel_tool_calls: true,
      presence_penalty: 0,
      previous_response_id: null,
      prompt_cache_key: 'p',
      reasoning: { effort: 'none', summary: null },
      safety_identifier: 's',
      service_tier: 'default',
      store: false,
      temperature: 0.5,
      text: { format: { type: 'text' }, verbosity: 'medium' },
      tool_choice: 'auto',
      tools: [],
      top_logprobs: 2,
      top_p: 1,
      truncation: 'auto',
      user: 'u',
    });
  });

  it('the id may be the client’s: request_id first, then its header', async () => {
    const { registry } = watchedRegistry();
    expect((await parseResponses({ input: 'hi' }, registry, 'mine')).settings.id).toBe('resp_mine');
    const both = await parseResponses({ input: 'hi', request_id: 'r-1' }, registry, 'mine');
    expect(both.id).toBe('resp_r-1');
    expect(both.settings.id).toBe('resp_r-1');
  });
});

const faults: [object, string, string][] = [
  [{ model: 'gpt-9' }, 'model', 'does not exist'],
  [{ temperature: 3 }, 'temperature', 'at most 2'],
  [{ max_output_tokens: 0 }, 'max_output_tokens', 'at least 1'],
  [{ max_output_tokens: 3, min_tokens: 4 }, 'min_tokens', 'greater than'],
  [{ top_logprobs: 21 }, 'top_logprobs', '0 to 20'],
  [{ include: 'x' }, 'include', 'must be an array'],
  [{ include: ['file_search_call.results', 'x'] }, 'include.1', 'must be one of'],
  [{ metadata: { a: 1 } }, 'metadata.a', 'must be a string'],
  [{ metadata: { a: 'x'.repeat(513) } }, 'metadata.a', 'at most 512'],
  [{ metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [i, 'x'])) }, 'metadata', 'at most 16'],
  [{ truncation: 'middle' }, 'truncation', '"auto"'],
  [{ reasoning: { effort: 'high' } }, 'reasoning.effort', 'not supported'],
  [{ reasoning: { summary: 'auto' } }, 'reasoning.summary', 'not supported'],
  [{ text: 'x' }, 'text', 'must be an object'],
  [{ text: { verbosity: 'low' } }, 'text.verbosity', 'not supported'],
  [{ text: { format: { type: 'xml' } } }, 'text.format.type', 'must be one of'],
  [{ text: { format: { type: 'json_schema', schema: {} } } }, 'text.format.name', 'is required'],
  [{ text: { format: { type: 'json_schema', name: 'a b', schema: {} } } }, 'text.format.name', '1 to 64'],
  [{ text: { format: { type: 'json_schema', name: 'a' } } }, 'text.format.schema', 'JSON Schema'],
  [{ instructions: ['x'] }, 'instructions', 'must be a string'],
  [{ stream: 'yes' }, 'stream', 'must be a boolean'],
  [{ stream_options: [] }, 'stream_options', 'must be an object'],
  [{ store: 'x' }, 'store', 'must be a boolean'],
];

it.each(faults.map(([fields, param, message]) => ({ fields, param, message })))(
  '$param: $message',
  async ({ fields, param, message }) => {
    await expect(plan(fields)).rejects.toMatchObject({ param, message: expect.stringContaining(message) });
  },
);
