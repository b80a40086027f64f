import { describe, expect, it } from 'vitest';
import { ApiError } from '../../../src/errors.ts';
import { countTokensSchema, messagesSchema } from '../../../src/openai/messages/messages-schema.ts';
import { countTokens, parseMessages } from '../../../src/openai/messages/parse-messages.ts';
import { parameterTable } from '../../../src/openai/parameter-table.ts';
import { ASSISTANT, BOS, USER } from '../support/byte-codec.ts';
import { ScriptedEngine } from '../support/scripted-engine.ts';
import { registryOf, servedModel } from '../support/served.ts';

const engine = new ScriptedEngine();
const registry = registryOf(servedModel(engine));
const hi = [{ role: 'user', content: 'hi' }];
const parse = (extra: object = {}) => parseMessages({ max_tokens: 16, messages: hi, ...extra }, registry);
const failure = async (promise: Promise<unknown>): Promise<ApiError> => {
  const error = await promise.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
};

describe('parseMessages', () => {
  it('makes the prompt of a chat', async () => {
    const plan = await parse({ system: [{ type: 'text', text: 'S', cache_control: { type: 'ephemeral' } }] });
    expect(plan.prompts[0]?.tokenIds).toEqual([BOS, 83, USER, 104, 105, ASSISTANT]);
    expect(plan.id).toMatch(/^msg_\w{32}$/);
    expect(plan).toMatchObject({ n: 1, stream: null, maxTokens: 16, stopSequences: [] });
    expect(plan.requests).toHaveLength(1);
    expect(plan.requests[0]).toMatchObject({ maxTokens: 16, stripLeadingSpace: true, grammar: null });
  });

  it('leaves the turn of a prefill open', async () => {
    const plan = await parse({ messages: [...hi, { role: 'assistant', content: 'The (' }] });
    expect(plan.prompts[0]?.tokenIds).toEqual([BOS, USER, 104, 105, ASSISTANT, ...Buffer.from('The (')]);
    expect(plan.requests[0]?.stripLeadingSpace).toBe(false);
  });

  it('hands sampling on', async () => {
    const plan = await parse({ temperature: 0.3, top_p: 0.8, top_k: 7, stop_sequences: ['END', '\n\n'], stream: true });
    expect(plan.requests[0]).toMatchObject({
      sampling: { temperature: 0.3, topP: 0.8, topK: 7 },
      stop: ['END', '\n\n'],
    });
    expect(plan.stopSequences).toEqual(['END', '\n\n']);
    expect(plan.stream).not.toBeNull();
  });

  it('lets the model decide what the request does not', async () => {
    const model = servedModel(new ScriptedEngine(), { temperature: 0, topK: 3 });
    const plan = await parseMessages({ max_tokens: 1, messages: hi }, registryOf(model));
    expect(plan.requests[0]?.sampling).toMatchObject({ temperature: 0, topK: 3 });
  });

  it('cuts max_tokens to the context; 0 only computes the prompt', async () => {
    expect((await parse({ max_tokens: 100_000 })).requests[0]?.maxTokens).toBe(251);
    expect((await parse({ max_tokens: 0 })).requests[0]?.maxTokens).toBe(0);
  });

  it.each(['output_config', 'output_format'])('%s asks for JSON of a schema', async (name) => {
    const schema = { type: 'object', properties: { a: { type: 'integer' } } };
    const format = { type: 'json_schema', schema };
    const plan = await parse({ [name]: name === 'output_config' ? { format } : format });
    const param = name === 'output_config' ? 'output_config.format.schema' : 'output_format.schema';
    expect(engine.grammars.at(-1)).toEqual({ type: 'jsonSchema', schema: JSON.stringify(schema), param });
    expect(plan.requests[0]?.grammar).not.toBeNull();
  });
});

describe('tools', () => {
  const tool = (name: string, extra: object = {}) => ({ name, input_schema: { type: 'object' }, ...extra });
  const asked = async (extra: object) => {
    const plan = await parse({ tools: [tool('f'), tool('g')], ...extra });
    return { plan, answer: plan.answer, grammar: plan.requests[0]?.grammar ?? null };
  };

  it('are shown to the model, with their examples, unless none may be called', async () => {
    const examples = [{ a: 1 }, { a: 'é' }];
    const shown: unknown[] = [];
    const model = servedModel();
    const text = {
      ...model.text,
      encodeChat: async (_: unknown, { tools }: { readonly tools?: readonly unknown[] }) => {
        shown.push(tools);
        return [BOS];
      },
    };
    const tools = [tool('f', { description: 'Does f.', input_examples: examples, strict: true }), tool('g')];
    const body = { max_tokens: 1, messages: hi, tools };
    await parseMessages(body, registryOf({ ...model, text }));
    await countTokens(body, registryOf({ ...model, text }));
    await parseMessages({ ...body, tool_choice: { type: 'none' } }, registryOf({ ...model, text }));
    const definitions = [
      {
        name: 'f',
        description: 'Does f.\n\nExamples of inputs:\n{"a":1}\n{"a":"é"}',
        parameters: { type: 'object' },
        strict: true,
      },
      { name: 'g', description: null, parameters: { type: 'object' }, strict: false },
    ];
    expect(shown).toEqual([definitions, definitions, []]);
  });

  it('may be called freely', async () => {
    for (const extra of [{}, { tool_choice: { type: 'auto' } }, { tool_choice: null }]) {
      const { answer, grammar } = await asked(extra);
      expect(answer).toMatchObject({ hasTools: true, toolNames: ['f', 'g'] });
      expect(grammar).toBeNull();
    }
  });

  it('must be called: any, or the one that is named', async () => {
    const any = await asked({ tool_choice: { type: 'any' } });
    expect(any.grammar).not.toBeNull();
    const named = await asked({ tool_choice: { type: 'tool', name: 'g' } });
    expect(named.grammar?.key).not.toBe(any.grammar?.key);
  });

  it('must not be called', async () => {
    const { answer, grammar } = await asked({ tool_choice: { type: 'none' } });
    expect({ hasTools: answer.hasTools, grammar }).toEqual({ hasTools: false, grammar: null });
  });

  it('one at a time, where asked for', async () => {
    for (const type of ['auto', 'any']) {
      const { answer } = await asked({ tool_choice: { type, disable_parallel_tool_use: true } });
      expect(answer.maxCalls).toBe(1);
      expect((await asked({ tool_choice: { type } })).answer.maxCalls).toBeGreaterThan(1);
    }
  });
});

describe('thinking', () => {
  const model = servedModel();
  const thinker = registryOf({ ...model, text: { ...model.text, reasoningFormat: 'deepseek_r1' } });
  it.each([
    [undefined, true],
    [null, true],
    [{ type: 'adaptive' }, true],
    [{ type: 'enabled', budget_tokens: 1024 }, true],
    [{ type: 'between_tools' }, true],
    [{ type: 'disabled' }, false],
  ])('%j of a model that thinks', async (thinking, isShown) => {
    const plan = await parseMessages({ max_tokens: 9, messages: hi, thinking }, thinker);
    expect(plan.answer.reasoning?.isShown).toBe(isShown);
  });
});

describe('fields at fault', () => {
  const tool = { name: 'f', input_schema: { type: 'object' } };
  const format = { type: 'json_schema', schema: {} };
  const said = (content: unknown, role = 'user') => ({ messages: [{ role, content }] });
  const blocks = (...list: unknown[]) => said(list);
  const cases: [object, string | null][] = [
    [{ max_tokens: undefined }, 'max_tokens'],
    [{ max_tokens: null }, 'max_tokens'],
    [{ max_tokens: -1 }, 'max_tokens'],
    [{ max_tokens: 1.5 }, 'max_tokens'],
    [{ max_tokens: '5' }, 'max_tokens'],
    [{ model: 5 }, 'model'],
    [{ model: 'unknown' }, 'model'],
    [{ messages: undefined }, 'messages'],
    [{ messages: [] }, 'messages'],
    [{ messages: 'hi' }, 'messages'],
    [{ messages: [5] }, 'messages.0'],
    [{ messages: [...hi, { role: 'tool', content: 'x' }] }, 'messages.1.role'],
    [{ messages: [{ role: 'user' }] }, 'messages.0.content'],
    [said([]), 'messages.0.content'],
    [said(null), 'messages.0.content'],
    [said(null, 'assistant'), 'messages.0.content'],
    [blocks(5), 'messages.0.content.0'],
    [blocks({ text: 'x' }), 'messages.0.content.0.type'],
    [blocks({ type: 'text' }), 'messages.0.content.0.text'],
    [blocks({ type: 'image', source: {} }), 'messages.0.content.0.type'],
    [blocks({ type: 'text', text: 'x' }, { type: 'document', source: {} }), 'messages.0.content.1.type'],
    [blocks({ type: 'tool_use', id: 't', name: 'f', input: {} }), 'messages.0.content.0.type'],
    [blocks({ type: 'tool_result' }), 'messages.0.content.0.tool_use_id'],
    [blocks({ type: 'tool_result', tool_use_id: 't', is_error: 'x' }), 'messages.0.content.0.is_error'],
    [
      blocks({ type: 'tool_result', tool_use_id: 't', content: [{ type: 'image' }] }),
      'messages.0.content.0.content.0.type',
    ],
    [said([{ type: 'tool_use', id: 't', name: 'f', input: 'x' }], 'assistant'), 'messages.0.content.0.input'],
    [said([{ type: 'tool_use', id: '', name: 'f', input: {} }], 'assistant'), 'messages.0.content.0.id'],
    [{ system: 5 }, 'system'],
    [{ system: [{ type: 'image' }] }, 'system.0.type'],
    [{ stop_sequences: 'x' }, 'stop_sequences'],
    [{ stop_sequences: ['x', ''] }, 'stop_sequences.1'],
    [{ stop_sequences: ['x', 5] }, 'stop_sequences.1'],
    [{ stop_sequences: new Array(5000).fill('x') }, 'stop_sequences'],
    [{ stream: 'x' }, 'stream'],
    [{ temperature: 1.1 }, 'temperature'],
    [{ temperature: -0.1 }, 'temperature'],
    [{ top_p: 2 }, 'top_p'],
    [{ top_k: -1 }, 'top_k'],
    [{ top_k: 1.5 }, 'top_k'],
    [{ tools: {} }, 'tools'],
    [{ tools: [5] }, 'tools.0'],
    [{ tools: [{ ...tool, name: 'a b' }] }, 'tools.0.name'],
    [{ tools: [tool, tool] }, 'tools.1.name'],
    [{ tools: [{ name: 'f' }] }, 'tools.0.input_schema'],
    [{ tools: [{ name: 'f', input_schema: {} }] }, 'tools.0.input_schema'],
    [{ tools: [{ type: 'bash_20250124', name: 'bash' }] }, 'tools.0.type'],
    [{ tools: [{ ...tool, defer_loading: true }] }, 'tools.0.defer_loading'],
    [{ tools: [{ ...tool, allowed_callers: ['code_execution_20250825'] }] }, 'tools.0.allowed_callers.0'],
    [{ tool_choice: 'auto' }, 'tool_choice'],
    [{ tool_choice: { type: 'x' } }, 'tool_choice.type'],
    [{ tool_choice: { type: 'any' } }, 'tool_choice'],
    [{ tools: [tool], tool_choice: { type: 'tool' } }, 'tool_choice.name'],
    [{ tools: [tool], tool_choice: { type: 'tool', name: 'g' } }, 'tool_choice.name'],
    [{ thinking: { type: 'enabled', budget_tokens: 1024 } }, 'thinking.type'],
    [{ thinking: { type: 'between_tools' } }, 'thinking.type'],
    [{ thinking: { type: 'x' } }, 'thinking.type'],
    [{ thinking: true }, 'thinking'],
    [{ output_config: { effort: 'low' } }, 'output_config.effort'],
    [{ output_config: { task_budget: {} } }, 'output_config.task_budget'],
    [{ output_config: { format: { type: 'regex' } } }, 'output_config.format.type'],
    [{ output_config: { format }, output_format: format }, 'output_format'],
    [
      { output_config: { format }, messages: [...hi, { role: 'assistant', content: '{' }] },
      'output_config.format.schema',
    ],
    [{ metadata: 'x' }, 'metadata'],
  ];
  it.each(cases)('%j', async (extra, param) => {
    const error = await failure(parse(extra));
    expect(error.param).toBe(param);
    expect(error.status).toBe(param === 'model' && error.code !== null ? 404 : 400);
    if (error.status === 400) expect(error.message).toContain(`'${param}'`);
  });

  it('a prompt that does not fit', async () => {
    const error = await failure(parse(said('x'.repeat(1000))));
    expect(error).toMatchObject({ status: 400, param: 'messages', code: 'context_length_exceeded' });
  });

  it.each([null, [], 'x', 5])('a body of %j', async (body) => {
    expect(await failure(parseMessages(body, registry))).toMatchObject({ status: 400, param: null });
  });
});

describe('countTokens', () => {
  it.each([
    {},
    { system: 'Be brief.' },
    { messages: [...hi, { role: 'assistant', content: 'The (' }] },
    { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
  ])('is the length of the prompt of %j', async (extra) => {
    const plan = await parse(extra);
    expect(await countTokens({ messages: hi, ...extra }, registry)).toEqual({
      input_tokens: plan.prompts[0]?.tokenIds.length,
    });
  });

  it('may be more than fits', async () => {
    const long = { messages: [{ role: 'user', content: 'x'.repeat(1000) }] };
    expect(await countTokens(long, registry)).toEqual({ input_tokens: 1003 });
    const hopeless = { messages: [{ role: 'user', content: 'x'.repeat(100_000) }] };
    expect(await failure(countTokens(hopeless, registry))).toMatchObject({ code: 'context_length_exceeded' });
  });

  it('checks what it is given', async () => {
    expect(await failure(countTokens({ messages: [] }, registry))).toMatchObject({ param: 'messages' });
    expect(await failure(countTokens({ messages: hi, mcp_servers: [{}] }, registry))).toMatchObject({
      param: 'mcp_servers',
    });
    expect(await failure(countTokens({ messages: hi, model: 'x' }, registry))).toMatchObject({ status: 404 });
  });
});

describe('parameter table of messages', () => {
  const parameters = parameterTable.filter((parameter) => parameter.endpoints.includes('messages'));

  // The request fields of @anthropic-ai/sdk 1.13.0 (messages and beta messages), and those of its 0.x versions.
  const anthropic = `billing_policy cache_control compaction container context_management diagnostics fallback_credit_token
    fallbacks inference_geo max_tokens mcp_servers messages metadata model output_config output_format service_tier speed
    stop_sequences stream system temperature thinking thread tool_choice tools top_k top_p`;

  it("lists each of the SDK's fields once", () => {
    expect(parameters.map((parameter) => parameter.name).sort()).toEqual(anthropic.split(/\s+/));
  });

  it('calls supported exactly what the schema checks', () => {
    const supported = parameters.filter((parameter) => parameter.status === 'supported').map(({ name }) => name);
    expect(supported.sort()).toEqual(Object.keys(messagesSchema.shape).sort());
    expect(supported).toEqual(expect.arrayContaining(Object.keys(countTokensSchema.shape)));
  });

  it('accepts null for every field that is not required', async () => {
    const names = parameters.map(({ name }) => name).filter((name) => name !== 'messages' && name !== 'max_tokens');
    const nulls = Object.fromEntries(names.map((name) => [name, null]));
    await expect(parse(nulls)).resolves.toMatchObject({ stream: null });
    await expect(countTokens({ messages: hi, ...nulls }, registry)).resolves.toBeDefined();
  });

  it.each(parameters.filter(({ status }) => status !== 'supported'))('$name', async (parameter) => {
    const { name } = parameter;
    if (parameter.status === 'off-only') {
      for (const off of parameter.off) await expect(parse({ [name]: off })).resolves.toBeDefined();
      for (const on of ['something else', { a: 1 }, [{}], 77]) {
        expect(await failure(parse({ [name]: on }))).toMatchObject({ status: 400, param: name });
      }
    }
    if (parameter.status === 'ignored') {
      await expect(parse({ [name]: parameter.type === 'object' ? { a: 1 } : 'any' })).resolves.toBeDefined();
      expect(await failure(parse({ [name]: 77 }))).toMatchObject({ status: 400, param: name });
    }
  });

  it('ignores fields that nobody knows', async () => {
    await expect(parse({ brand_new: 1, thinking: { type: 'adaptive', display: 'omitted' } })).resolves.toBeDefined();
  });
});
