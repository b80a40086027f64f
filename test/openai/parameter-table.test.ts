import { describe, expect, it } from 'vitest';
import { ApiError } from '../../src/errors.ts';
import { chatSchema } from '../../src/openai/chat-schema.ts';
import { completionSchema } from '../../src/openai/completion-schema.ts';
import { parameterTable } from '../../src/openai/parameter-table.ts';
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
const openai: Record<'chat' | 'completions', string> = {
  chat: `audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens messages metadata
    modalities model moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_options
    prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream stream_options
    temperature tool_choice tools top_logprobs top_p user verbosity web_search_options`,
  completions: `best_of echo frequency_penalty logit_bias logprobs max_tokens model n presence_penalty prompt seed stop stream
    stream_options suffix temperature top_p user`,
};

// The request fields of vLLM (entrypoints/openai/{chat_completion,completion}/protocol.py, 002032ee) that OpenAI does not have.
const vllmShared = `use_beam_search top_k min_p repetition_penalty watermarking length_penalty stop_token_ids
  include_stop_str_in_output ignore_eos min_tokens skip_special_tokens spaces_between_special_tokens truncate_prompt_tokens
  truncation_side prompt_logprobs logprob_token_ids allowed_token_ids bad_words add_special_tokens structured_outputs priority
  request_id session_id return_tokens_as_token_ids return_token_ids routed_experts_prompt_start return_token_offsets
  return_mm_kwargs cache_salt kv_transfer_params ec_transfer_params vllm_xargs repetition_detection thinking_token_budget
  stream_interval response_format`;
const vllm: Record<'chat' | 'completions', string> = {
  chat: `${vllmShared} include_reasoning echo add_generation_prompt continue_final_message documents chat_template
    chat_template_kwargs media_io_kwargs mm_processor_kwargs return_prompt_text`,
  completions: `${vllmShared} prompt_embeds`,
};

// The request fields of DeepSeek's platform (its API reference, "Create Chat Completion" and "Create FIM Completion").
const deepseek: Record<'chat' | 'completions', string> = {
  chat: `messages model thinking frequency_penalty max_tokens presence_penalty response_format stop stream stream_options
    temperature top_p tools tool_choice logprobs top_logprobs`,
  completions: `model prompt echo frequency_penalty logprobs max_tokens presence_penalty stop stream stream_options suffix
    temperature top_p`,
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

  it('lists every field of vLLM', () => {
    const names = parameters.map((parameter) => parameter.name);
    expect(names).toEqual(expect.arrayContaining(vllm[endpoint].split(/\s+/)));
  });

  it("lists every field of DeepSeek's platform", () => {
    const names = parameters.map((parameter) => parameter.name);
    expect(names).toEqual(expect.arrayContaining(deepseek[endpoint].split(/\s+/)));
  });

  it('calls supported exactly what the schema checks', () => {
    const supported = parameters.filter(({ status, name }) => status === 'supported' && !name.includes('.'));
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
    const good = { string: 'x', boolean: true, integer: 7, object: { a: { b: 1 } } }[parameter.type];
    await expect(parse[endpoint]({ [name]: good })).resolves.toBeDefined();
    await expect(parse[endpoint]({ [name]: 1.5 })).rejects.toMatchObject({ status: 400, param: name });
    await expect(parse[endpoint]({ [name]: [] })).rejects.toMatchObject({ status: 400, param: name });
  });

  it('ignores fields that nobody knows', async () => {
    await expect(parse[endpoint]({ a_field_of_tomorrow: { deep: [1] }, '': 1 })).resolves.toBeDefined();
  });
});
