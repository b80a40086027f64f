import { describe, expect, it } from 'vitest';
import { ScriptedEngine, say, startOf } from '../openai/support/scripted-engine.ts';
import { framesOf, testApp } from './support/app.ts';

// The sequences are written out by hand after OpenAI's API reference and vLLM's serving code.

async function stream(url: string, body: object, engine = new ScriptedEngine(say('Hi'))) {
  const { app } = testApp(engine);
  const answer = await app.inject({ method: 'POST', url, payload: { stream: true, ...body } });
  expect(answer.statusCode).toBe(200);
  expect(answer.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': expect.stringContaining('no-cache'),
    connection: 'keep-alive',
    'x-accel-buffering': 'no',
    'x-request-id': expect.stringMatching(/^req_/),
  });
  const frames = framesOf(answer.body);
  expect(frames.at(-1)).toBe('[DONE]');
  return frames.slice(0, -1) as Record<string, unknown>[];
}

/** Takes the members off that every chunk shares, after checking that they are the same in all. */
function bare(chunks: Record<string, unknown>[], object: string, id: RegExp): unknown[] {
  const { id: firstId, created, model, system_fingerprint } = chunks[0] ?? {};
  expect(firstId).toMatch(id);
  expect(system_fingerprint).toMatch(/^fp_[0-9a-f]{10}$/);
  expect(model).toBe('org/tiny-v2');
  expect(Number.isInteger(created)).toBe(true);
  return chunks.map((chunk) => {
    expect(chunk).toMatchObject({ id: firstId, object, created, model, system_fingerprint });
    const { id: _id, object: _object, created: _created, model: _model, system_fingerprint: _fp, ...rest } = chunk;
    return rest;
  });
}

const messages = [{ role: 'user', content: 'q' }];
const usage = (prompt: number, completion: number, cached = 0) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  prompt_tokens_details: { cached_tokens: cached },
  completion_tokens_details: { reasoning_tokens: 0 },
  prompt_cache_hit_tokens: cached,
  prompt_cache_miss_tokens: prompt - cached,
});

describe('chat stream', () => {
  const chat = async (body: object, engine?: ScriptedEngine) =>
    bare(
      await stream('/v1/chat/completions', { messages, ...body }, engine),
      'chat.completion.chunk',
      /^chatcmpl-\w{32}$/,
    );
  const role = (index: number) => ({
    index,
    delta: { role: 'assistant', content: '' },
    logprobs: null,
    finish_reason: null,
  });
  const content = (index: number, text: string) => ({
    index,
    delta: { content: text },
    logprobs: null,
    finish_reason: null,
  });
  const end = (index: number, reason: string, stopReason: unknown = null) => ({
    index,
    delta: {},
    logprobs: null,
    finish_reason: reason,
    stop_reason: stopReason,
  });

  it('role, content, finish', async () => {
    expect(await chat({})).toEqual([
      { choices: [role(0)] },
      { choices: [content(0, 'H')] },
      { choices: [content(0, 'i')] },
      { choices: [end(0, 'stop')] },
    ]);
  });

  it('n = 2: all roles first, choices told apart by index, every choice finished', async () => {
    const chunks = (await chat({ n: 2 })) as { choices: [{ index: number }] }[];
    expect(chunks.slice(0, 2)).toEqual([{ choices: [role(0)] }, { choices: [role(1)] }]);
    for (const index of [0, 1]) {
      expect(chunks.filter((chunk) => chunk.choices[0].index === index)).toEqual([
        { choices: [role(index)] },
        { choices: [content(index, 'H')] },
        { choices: [content(index, 'i')] },
        { choices: [end(index, 'stop')] },
      ]);
    }
    expect(chunks).toHaveLength(8);
  });

  it('include_usage: null in all chunks, then one without choices', async () => {
    const engine = new ScriptedEngine(say('Hi', { numCachedTokens: 3 }));
    expect(await chat({ stream_options: { include_usage: true }, max_tokens: 1 }, engine)).toEqual([
      { choices: [role(0)], usage: null },
      { choices: [content(0, 'H')], usage: null },
      { choices: [end(0, 'length')], usage: null },
      { choices: [], usage: usage(4, 1, 3) },
    ]);
  });

  it('continuous_usage_stats: a running count in all chunks', async () => {
    const options = { include_usage: true, continuous_usage_stats: true };
    expect(await chat({ stream_options: options })).toEqual([
      { choices: [role(0)], usage: usage(4, 0) },
      { choices: [content(0, 'H')], usage: usage(4, 1) },
      { choices: [content(0, 'i')], usage: usage(4, 2) },
      { choices: [end(0, 'stop')], usage: usage(4, 2) },
      { choices: [], usage: usage(4, 2) },
    ]);
  });

  it('a token that completes no text has no chunk of its own, unless something else is told about it', async () => {
    const engine = () => new ScriptedEngine(say('é'));
    expect(await chat({}, engine())).toEqual([
      { choices: [role(0)] },
      { choices: [content(0, 'é')] },
      { choices: [end(0, 'stop')] },
    ]);
    expect(await chat({ return_token_ids: true }, engine())).toEqual([
      { choices: [role(0)], prompt_token_ids: [256, 258, 113, 259] },
      { choices: [{ ...content(0, ''), token_ids: [0xc3] }] },
      { choices: [{ ...content(0, 'é'), token_ids: [0xa9] }] },
      { choices: [{ ...end(0, 'stop'), token_ids: [] }] },
    ]);
  });

  it('logprobs come with their token', async () => {
    const chunks = await chat({ logprobs: true, top_logprobs: 1, max_tokens: 1 });
    expect(chunks[1]).toEqual({
      choices: [
        {
          ...content(0, 'H'),
          logprobs: {
            content: [
              { token: 'H', logprob: -72 / 256, bytes: [72], top_logprobs: [{ token: 'a', logprob: -1, bytes: [97] }] },
            ],
            refusal: null,
          },
        },
      ],
    });
  });

  it.each(['END', 7, 'quote " and \u2028'])('stop_reason %j', async (stopReason) => {
    const engine = new ScriptedEngine(async function* (request) {
      yield startOf(request);
      yield { type: 'finish', reason: 'stop', stopReason, numCompletionTokens: 1 };
    });
    expect((await chat({}, engine)).at(-1)).toEqual({ choices: [end(0, 'stop', stopReason)] });
  });

  it('any text survives', async () => {
    const text = 'line\nbreak "quoted" \\ \u2028 \u0000 😀 data: [DONE]\n\n';
    const engine = new ScriptedEngine(async function* (request) {
      yield startOf(request);
      yield { type: 'delta', text, tokenIds: [1], logprobs: null };
      yield { type: 'finish', reason: 'stop', stopReason: null, numCompletionTokens: 1 };
    });
    const answer = await testApp(engine).app.inject({
      method: 'POST',
      url: '/v1/chat/completions',
      payload: { messages, stream: true },
    });
    expect(framesOf(answer.body)[1]).toMatchObject({ choices: [{ delta: { content: text } }] });
  });
});

describe('completion stream', () => {
  const complete = async (body: object) =>
    bare(await stream('/v1/completions', { prompt: 'q', ...body }), 'text_completion', /^cmpl-\w{32}$/);
  const text = (index: number, value: string) => ({ index, text: value, logprobs: null, finish_reason: null });
  const end = (index: number) => ({ index, text: '', logprobs: null, finish_reason: 'stop', stop_reason: null });

  it('text, finish, usage', async () => {
    expect(await complete({ stream_options: { include_usage: true } })).toEqual([
      { choices: [text(0, 'H')], usage: null },
      { choices: [text(0, 'i')], usage: null },
      { choices: [end(0)], usage: null },
      { choices: [], usage: usage(2, 2) },
    ]);
  });

  it('echo has a chunk of its own; offsets go on from there', async () => {
    const logprobs = (tokens: string[], values: (number | null)[], offsets: number[]) => ({
      tokens,
      token_logprobs: values,
      top_logprobs: tokens.map((token, i) => (values[i] === null ? null : { [token]: values[i] })),
      text_offset: offsets,
    });
    expect(await complete({ echo: true, logprobs: 0, max_tokens: 2 })).toEqual([
      { choices: [{ ...text(0, 'q'), logprobs: logprobs(['<bos>', 'q'], [null, -113 / 256], [0, 0]) }] },
      { choices: [{ ...text(0, 'H'), logprobs: logprobs(['H'], [-72 / 256], [1]) }] },
      { choices: [{ ...text(0, 'i'), logprobs: logprobs(['i'], [-105 / 256], [2]) }] },
      { choices: [end(0)] },
    ]);
  });

  it('return_token_ids: the prompt with the first chunk of each choice', async () => {
    expect(await complete({ prompt: [113], return_token_ids: true })).toEqual([
      { choices: [{ ...text(0, 'H'), prompt_token_ids: [113], token_ids: [72] }] },
      { choices: [{ ...text(0, 'i'), token_ids: [105] }] },
      { choices: [{ ...end(0), token_ids: [] }] },
    ]);
  });

  it('several prompts: one choice each', async () => {
    const chunks = (await complete({ prompt: ['a', 'b'], echo: true })) as { choices: [{ index: number }] }[];
    for (const [index, prompt] of ['a', 'b'].entries()) {
      expect(chunks.filter((chunk) => chunk.choices[0].index === index)).toEqual([
        { choices: [text(index, prompt)] },
        { choices: [text(index, 'H')] },
        { choices: [text(index, 'i')] },
        { choices: [end(index)] },
      ]);
    }
  });
});
