import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { GrammarSpec } from '../../src/grammar/grammar-spec.ts';
import type { ServedModel } from '../../src/openai/served-model.ts';
import { BYTE_VOCAB_SIZE } from '../openai/support/byte-codec.ts';
import { type Script, ScriptedEngine, say } from '../openai/support/scripted-engine.ts';
import { framesOf, listeningApp, testApp } from './support/app.ts';

const CHAT = '/v1/chat/completions';
const messages = [{ role: 'user' as const, content: 'Weather in Paris?' }];
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const weather = { type: 'function' as const, function: { name: 'get_weather', description: 'Weather', parameters } };
const timer = { type: 'function' as const, function: { name: 'set_timer' } };
const tools = [weather, timer];
const PARIS = '{"name": "get_weather", "arguments": {"city": "Paris"}}';
const TIMER = '{"name": "set_timer", "arguments": {"m": 5}}';
const paris = { type: 'function', function: { name: 'get_weather', arguments: '{"city": "Paris"}' } };
const five = { type: 'function', function: { name: 'set_timer', arguments: '{"m": 5}' } };
const ID = /^call_[A-Za-z0-9]{24}$/;

function engineOf(script: Script | string): ScriptedEngine {
  const engine = new ScriptedEngine(typeof script === 'string' ? say(script) : script);
  engine.limits = { ...engine.limits, maxModelLen: 4096, vocabSize: BYTE_VOCAB_SIZE };
  return engine;
}

interface Choice {
  readonly index: number;
  readonly message: {
    readonly content: string | null;
    readonly tool_calls?: { readonly id: string }[];
    readonly function_call?: object;
    readonly reasoning_content?: string | null;
  };
  readonly finish_reason: string;
  readonly logprobs: { readonly content: unknown[] } | null;
  readonly token_ids?: number[];
}
interface Answer {
  readonly choices: Choice[];
  readonly usage: Record<string, unknown>;
}
interface Delta {
  readonly content?: string;
  readonly reasoning_content?: string;
  readonly reasoning?: string;
  readonly function_call?: { readonly name?: string; readonly arguments: string };
  readonly tool_calls?: {
    readonly index: number;
    readonly id?: string;
    readonly function: { readonly name?: string; readonly arguments: string };
  }[];
}
interface Chunk {
  readonly choices: {
    readonly index: number;
    readonly delta: Delta;
    readonly finish_reason: string | null;
    readonly logprobs: { readonly content: unknown[] } | null;
    readonly token_ids?: number[];
  }[];
}

function appOf(engine: ScriptedEngine, text: Partial<ServedModel['text']> = {}) {
  const made = testApp(engine);
  Object.assign(made.model.text, text);
  return made.app;
}

async function answerTo(
  engine: ScriptedEngine,
  body: object,
  text: Partial<ServedModel['text']> = {},
): Promise<Answer> {
  const answer = await appOf(engine, text).inject({ method: 'POST', url: CHAT, payload: { messages, ...body } });
  expect(answer.statusCode, answer.body).toBe(200);
  return JSON.parse(answer.body);
}

async function chunksOf(
  engine: ScriptedEngine,
  body: object,
  text: Partial<ServedModel['text']> = {},
): Promise<Chunk[]> {
  const payload = { messages, stream: true, ...body };
  const answer = await appOf(engine, text).inject({ method: 'POST', url: CHAT, payload });
  expect(answer.statusCode, answer.body).toBe(200);
  const frames = framesOf(answer.body);
  expect(frames.pop()).toBe('[DONE]');
  return frames as Chunk[];
}

/** The message that the deltas of one choice add up to, as clients add them. */
function addUp(chunks: readonly Chunk[], index = 0) {
  const message = {
    content: '',
    reasoning: '',
    calls: [] as { id: string; name: string; arguments: string }[],
    old: '',
  };
  let finishReason: string | null = null;
  for (const choice of chunks.flatMap((chunk) => chunk.choices).filter((one) => one.index === index)) {
    const { delta } = choice;
    message.content += delta.content ?? '';
    message.reasoning += delta.reasoning_content ?? '';
    expect(delta.reasoning).toBe(delta.reasoning_content);
    message.old += (delta.function_call?.name ?? '') + (delta.function_call?.arguments ?? '');
    for (const call of delta.tool_calls ?? []) {
      if (call.id !== undefined) {
        expect(call.function.arguments).toBe('');
        message.calls[call.index] = { id: call.id, name: call.function.name!, arguments: '' };
      } else {
        message.calls[call.index]!.arguments += call.function.arguments;
      }
    }
    finishReason = choice.finish_reason ?? finishReason;
  }
  return { ...message, finishReason };
}

const literals = (spec: GrammarSpec): string[] => {
  if (spec.type === 'literal') return [spec.text];
  if (spec.type === 'repeat') return literals(spec.item);
  return spec.type === 'sequence' || spec.type === 'anyOf' ? spec.items.flatMap(literals) : [];
};

describe('a call', () => {
  it('is answered in OpenAI’s form', async () => {
    const { choices } = await answerTo(engineOf(PARIS), { tools });
    expect(choices).toEqual([
      {
        index: 0,
        message: {
          role: 'assistant',
          content: null,
          refusal: null,
          tool_calls: [{ id: expect.stringMatching(ID), ...paris }],
        },
        logprobs: null,
        finish_reason: 'tool_calls',
        stop_reason: null,
      },
    ]);
  });

  it('streams in OpenAI’s order: id and name, then arguments as they come, then the reason', async () => {
    const deltas = (await chunksOf(engineOf(PARIS), { tools })).flatMap(({ choices }) => choices);
    expect(deltas[0]).toMatchObject({ delta: { role: 'assistant', content: '' }, finish_reason: null });
    expect(deltas[1]).toEqual({
      index: 0,
      delta: {
        tool_calls: [
          {
            index: 0,
            id: expect.stringMatching(ID),
            type: 'function',
            function: { name: 'get_weather', arguments: '' },
          },
        ],
      },
      logprobs: null,
      finish_reason: null,
    });
    const middle = deltas.slice(2, -1);
    expect(middle.length).toBeGreaterThan(10);
    for (const { delta, finish_reason } of middle) {
      expect(finish_reason).toBeNull();
      expect(delta).toEqual({ tool_calls: [{ index: 0, function: { arguments: expect.any(String) } }] });
    }
    expect(deltas.at(-1)).toMatchObject({ delta: {}, finish_reason: 'tool_calls' });
  });

  it.each([
    ['several', `${PARIS}\n${TIMER}`, {}],
    ['one with text', `Let me look.\n${PARIS}`, {}],
    ['several, of which one is wanted', `${PARIS}\n${TIMER}`, { parallel_tool_calls: false }],
    ['one of an unknown tool', '{"name": "other", "arguments": {}}', {}],
    ['one that is cut off', PARIS, { max_tokens: 45 }],
    ['none', 'It is sunny 😀.', {}],
    ['one in the old form', PARIS, { tools: undefined, functions: [weather.function] }],
  ])('%s: streamed and not streamed agree', async (_, said, extra) => {
    const { choices } = await answerTo(engineOf(said), { tools, ...extra });
    const { message, finish_reason } = choices[0]!;
    const streamed = addUp(await chunksOf(engineOf(said), { tools, ...extra }));
    expect(streamed.content).toBe(message.content ?? '');
    expect(streamed.finishReason).toBe(finish_reason);
    expect(
      streamed.calls.map((call) => ({ type: 'function', function: { name: call.name, arguments: call.arguments } })),
    ).toEqual((message.tool_calls ?? []).map(({ id: _id, ...call }) => call));
  });

  it('may be one of several, unless they are not to be', async () => {
    const both = (await answerTo(engineOf(`${PARIS}\n${TIMER}`), { tools })).choices[0]!.message.tool_calls!;
    expect(both).toMatchObject([paris, five]);
    expect(both[0]!.id).not.toBe(both[1]!.id);
    const one = await answerTo(engineOf(`${PARIS}\n${TIMER}`), { tools, parallel_tool_calls: false });
    expect(one.choices[0]!.message.tool_calls).toMatchObject([paris]);
  });

  it('keeps the text before it', async () => {
    const [choice] = (await answerTo(engineOf(`Let me look.\n\n${PARIS}`), { tools })).choices;
    expect(choice).toMatchObject({
      message: { content: 'Let me look.', tool_calls: [paris] },
      finish_reason: 'tool_calls',
    });
  });

  it('that is cut off ends with length', async () => {
    const [choice] = (await answerTo(engineOf(PARIS), { tools, max_tokens: 45 })).choices;
    expect(choice).toMatchObject({
      finish_reason: 'length',
      message: { content: null, tool_calls: [{ function: { name: 'get_weather', arguments: '{"city":' } }] },
    });
  });

  it('is plain text where there are no tools, or none may be called', async () => {
    for (const body of [{}, { tools, tool_choice: 'none' }, { tools: [] }]) {
      const [choice] = (await answerTo(engineOf(PARIS), body)).choices;
      expect(choice).toMatchObject({ finish_reason: 'stop', message: { content: PARIS } });
      expect(choice!.message).not.toHaveProperty('tool_calls');
    }
  });

  it('comes once per choice', async () => {
    const script: Script = (request, signal, index) => say(index === 0 ? PARIS : 'Text')(request, signal, index);
    const { choices } = await answerTo(engineOf(script), { tools, n: 2 });
    expect(choices).toMatchObject([
      { message: { content: null, tool_calls: [paris] }, finish_reason: 'tool_calls' },
      { message: { content: 'Text' }, finish_reason: 'stop' },
    ]);
    const chunks = await chunksOf(engineOf(script), { tools, n: 2 });
    expect(addUp(chunks, 0)).toMatchObject({ content: '', finishReason: 'tool_calls' });
    expect(addUp(chunks, 1)).toMatchObject({ content: 'Text', calls: [], finishReason: 'stop' });
  });

  it('has the log-probabilities and ids of all its tokens', async () => {
    const body = { tools, logprobs: true, top_logprobs: 1, return_token_ids: true };
    const [choice] = (await answerTo(engineOf(PARIS), body)).choices;
    expect(choice!.logprobs!.content).toHaveLength(PARIS.length);
    const streamed = (await chunksOf(engineOf(PARIS), body)).flatMap(({ choices }) => choices);
    expect(streamed.flatMap((one) => one.logprobs?.content ?? [])).toEqual(choice!.logprobs!.content);
    expect(streamed.flatMap((one) => one.token_ids ?? [])).toEqual([...Buffer.from(PARIS)]);
    expect(choice!.token_ids).toEqual([...Buffer.from(PARIS)]);
  });
});

describe('function_call, the old form', () => {
  const functions = [weather.function];

  it('is answered as it was asked', async () => {
    const [choice] = (await answerTo(engineOf(PARIS), { functions })).choices;
    expect(choice).toMatchObject({
      finish_reason: 'function_call',
      message: { content: null, function_call: paris.function },
    });
    expect(choice!.message).not.toHaveProperty('tool_calls');
  });

  it('streams', async () => {
    const chunks = await chunksOf(engineOf(PARIS), { functions });
    expect(addUp(chunks)).toMatchObject({ old: 'get_weather{"city": "Paris"}', finishReason: 'function_call' });
    expect(chunks[1]!.choices[0]!.delta).toEqual({ function_call: { name: 'get_weather', arguments: '' } });
  });

  it('can be required by name, and forbidden', async () => {
    const engine = engineOf(PARIS);
    const named = await answerTo(engine, { functions, function_call: { name: 'get_weather' } });
    expect(named.choices[0]).toMatchObject({ finish_reason: 'stop', message: { function_call: paris.function } });
    expect(engine.grammars).toHaveLength(1);
    const none = await answerTo(engineOf(PARIS), { functions, function_call: 'none' });
    expect(none.choices[0]!.message.content).toBe(PARIS);
  });
});

describe('tool_choice', () => {
  it('required asks the engine for calls whose arguments validate', async () => {
    const engine = engineOf(PARIS);
    const { choices } = await answerTo(engine, { tools, tool_choice: 'required' });
    expect(choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { tool_calls: [paris] } });
    expect(engine.grammars).toHaveLength(1);
    expect(literals(engine.grammars[0]!)).toEqual(
      expect.arrayContaining(['{"name": "get_weather", "arguments": ', '{"name": "set_timer", "arguments": ', '\n']),
    );
    expect(engine.lastRequest.grammar).not.toBeNull();
    expect(JSON.stringify(engine.grammars[0])).toContain('tools.0.function.parameters');
  });

  it('required without parallel calls asks for one', async () => {
    const engine = engineOf(PARIS);
    await answerTo(engine, { tools, tool_choice: 'required', parallel_tool_calls: false });
    expect(literals(engine.grammars[0]!)).not.toContain('\n');
  });

  it('of a function asks for one call of it and ends with stop', async () => {
    const engine = engineOf(TIMER);
    const tool_choice = { type: 'function', function: { name: 'set_timer' } };
    const { choices } = await answerTo(engine, { tools, tool_choice });
    expect(choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: null, tool_calls: [five] } });
    expect(literals(engine.grammars[0]!)).toEqual(['{"name": "set_timer", "arguments": ', '}']);
  });

  it('auto leaves the answer free, unless a tool is strict', async () => {
    const engine = engineOf(PARIS);
    await answerTo(engine, { tools, tool_choice: 'auto' });
    expect(engine.grammars).toEqual([]);
    const strict = { ...weather, function: { ...weather.function, strict: true } };
    await answerTo(engine, { tools: [strict, timer] });
    expect(engine.grammars).toHaveLength(1);
    expect(engine.grammars[0]).toMatchObject({ type: 'anyOf' });
  });

  it('allowed_tools narrows the tools down', async () => {
    const allowed = { type: 'allowed_tools', allowed_tools: { mode: 'required', tools: [timer] } };
    const engine = engineOf(TIMER);
    const { choices } = await answerTo(engine, { tools, tool_choice: allowed });
    expect(choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { tool_calls: [five] } });
    expect(literals(engine.grammars[0]!)).not.toContain('{"name": "get_weather", "arguments": ');
    const auto = { ...allowed, allowed_tools: { ...allowed.allowed_tools, mode: 'auto' } };
    const other = await answerTo(engineOf(PARIS), { tools, tool_choice: auto });
    expect(other.choices[0]!.message.content).toBe(PARIS);
  });

  it('uses the marks of a model that has them', async () => {
    const said = `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n\`\`\`json\n{"city": "Paris"}\n\`\`\`<｜tool▁call▁end｜><｜tool▁calls▁end｜>`;
    const engine = engineOf(said);
    const text = { toolFormat: 'deepseek' as const };
    const { choices } = await answerTo(engine, { tools, tool_choice: 'required' }, text);
    expect(choices[0]).toMatchObject({ message: { content: null, tool_calls: [paris] } });
    expect(literals(engine.grammars[0]!).slice(0, 2)).toEqual([
      '<｜tool▁calls▁begin｜>',
      '<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n',
    ]);
    expect(addUp(await chunksOf(engineOf(said), { tools }, text))).toMatchObject({
      content: '',
      calls: [{ name: 'get_weather', arguments: '{"city": "Paris"}' }],
    });
  });
});

describe('the openai client', () => {
  async function sdk(script: Script | string) {
    const { baseUrl, engine } = await listeningApp(engineOf(script));
    return { engine, client: new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey: 'none', maxRetries: 0 }) };
  }
  const rounds: Script = (request, signal, index) => {
    const heard = Buffer.from(request.promptTokenIds.filter((id) => id < 256)).toString();
    return say(heard.includes('21 degrees') ? 'It is 21 degrees.' : PARIS)(request, signal, index);
  };

  it.each([false, true])('runs tools in rounds (stream: %s)', async (stream) => {
    const { client, engine } = await sdk(rounds);
    const asked: unknown[] = [];
    const runner = client.chat.completions.runTools({
      model: 'default',
      messages,
      stream: stream as false,
      tools: [
        {
          type: 'function',
          function: {
            name: 'get_weather',
            description: 'Weather',
            parameters,
            parse: JSON.parse,
            function: (args: object) => {
              asked.push(args);
              return '21 degrees';
            },
          },
        },
      ],
    });
    expect(await runner.finalContent()).toBe('It is 21 degrees.');
    expect(asked).toEqual([{ city: 'Paris' }]);
    expect(engine.submissions).toHaveLength(2);
  });

  it('gathers a stream with calls', async () => {
    const { client } = await sdk(`Well.\n${PARIS}\n${TIMER}`);
    const stream = client.chat.completions.stream({ model: 'default', messages, tools });
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: 'Well.', tool_calls: [paris, five] },
    });
  });
});

describe('reasoning', () => {
  const text = { reasoningFormat: 'deepseek_r1' as const };
  const said = '<think>\nParis is in France.\n</think>\n\nSunny.';

  it('is set apart by both of its names and counted', async () => {
    const { choices, usage } = await answerTo(engineOf(said), {}, text);
    expect(choices[0]!.message).toEqual({
      role: 'assistant',
      content: 'Sunny.',
      refusal: null,
      reasoning_content: 'Paris is in France.',
      reasoning: 'Paris is in France.',
    });
    const numReasoning = said.indexOf('</think>') + '</think>'.length;
    expect(usage).toMatchObject({ completion_tokens_details: { reasoning_tokens: numReasoning } });
    const chunks = await chunksOf(engineOf(said), { stream_options: { include_usage: true } }, text);
    expect(addUp(chunks)).toMatchObject({ content: 'Sunny.', reasoning: 'Paris is in France.' });
    expect(chunks.at(-1)).toMatchObject({ usage });
  });

  it('is hidden on request, but counted', async () => {
    const { choices, usage } = await answerTo(engineOf(said), { include_reasoning: false }, text);
    expect(choices[0]!.message).toEqual({ role: 'assistant', content: 'Sunny.', refusal: null });
    expect(usage).toMatchObject({ completion_tokens_details: { reasoning_tokens: expect.any(Number) } });
    expect(addUp(await chunksOf(engineOf(said), { include_reasoning: false }, text)).reasoning).toBe('');
  });

  it('is text for a model that is not said to reason', async () => {
    const { choices } = await answerTo(engineOf(said), {});
    expect(choices[0]!.message).toEqual({ role: 'assistant', content: said, refusal: null });
  });

  it('may come before a call that is required', async () => {
    const engine = engineOf(`<think>Hm.</think>\n\n${PARIS}`);
    const { choices } = await answerTo(engine, { tools, tool_choice: 'required' }, text);
    expect(choices[0]!.message).toMatchObject({ reasoning_content: 'Hm.', content: null, tool_calls: [paris] });
    expect(literals(engine.grammars[0]!).slice(0, 2)).toEqual(['<think>', '</think>']);
  });
});

describe('the beginning of an answer', () => {
  const begun = [...messages, { role: 'assistant', content: 'It is', prefix: true }];

  it('is continued and not repeated, with the space that follows it', async () => {
    const engine = engineOf(' sunny.');
    const { choices } = await answerTo(engine, { messages: begun });
    expect(choices[0]!.message.content).toBe(' sunny.');
    expect(engine.lastRequest).toMatchObject({ stripLeadingSpace: false });
    expect(Buffer.from(engine.lastRequest.promptTokenIds.slice(-5)).toString()).toBe('It is');
  });

  it('is the same as vLLM’s continue_final_message', async () => {
    const [first, second] = [engineOf('x'), engineOf('x')];
    await answerTo(first, { messages: begun });
    const plain = begun.map(({ role, content }) => ({ role, content }));
    await answerTo(second, { messages: plain, continue_final_message: true, add_generation_prompt: false });
    expect(second.lastRequest.promptTokenIds).toEqual(first.lastRequest.promptTokenIds);
  });

  it('is repeated with echo, without scoring the prompt', async () => {
    const engine = engineOf(' sunny.');
    const { choices } = await answerTo(engine, { messages: begun, echo: true, logprobs: true });
    expect(choices[0]!.message.content).toBe('It is sunny.');
    expect(engine.lastRequest.promptLogprobs).toBeNull();
    const chunks = await chunksOf(engineOf(' sunny.'), { messages: begun, echo: true });
    expect(addUp(chunks).content).toBe('It is sunny.');
    const asked = await answerTo(engineOf('Sunny.'), { echo: true });
    expect(asked.choices[0]!.message.content).toBe('Sunny.');
  });
});
