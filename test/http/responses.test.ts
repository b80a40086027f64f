import { describe, expect, it } from 'vitest';
import { ScriptedEngine, say } from '../openai/support/scripted-engine.ts';
import { testApp } from './support/app.ts';

async function post(url: string, body: object, engine = new ScriptedEngine(say('Hi'))) {
  const answer = await testApp(engine).app.inject({ method: 'POST', url, payload: body });
  expect(answer.statusCode).toBe(200);
  expect(answer.headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'openai-processing-ms': expect.stringMatching(/^\d+$/),
    'x-request-id': expect.stringMatching(/^req_\w{32}$/),
  });
  return answer.json();
}

describe('chat answer', () => {
  const chat = (body: object, engine?: ScriptedEngine) =>
    post('/v1/chat/completions', { messages: [{ role: 'user', content: 'q' }], ...body }, engine);

  it('has every member that OpenAI requires', async () => {
    const engine = new ScriptedEngine(say('Hi', { numCachedTokens: 2 }));
    expect(await chat({ model: 'deepseek-chat' }, engine)).toEqual({
      id: expect.stringMatching(/^chatcmpl-\w{32}$/),
      object: 'chat.completion',
      created: expect.any(Number),
      model: 'org/tiny-v2',
      system_fingerprint: expect.stringMatching(/^fp_/),
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Hi', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
          stop_reason: null,
        },
      ],
      usage: {
        prompt_tokens: 4,
        completion_tokens: 2,
        total_tokens: 6,
        prompt_tokens_details: { cached_tokens: 2 },
        completion_tokens_details: { reasoning_tokens: 0 },
        prompt_cache_hit_tokens: 2,
        prompt_cache_miss_tokens: 2,
      },
    });
  });

  it('counts the prompt and its cached tokens once for n choices', async () => {
    const engine = new ScriptedEngine(say('Hi', { numCachedTokens: 2 }));
    const answer = await chat({ n: 3 }, engine);
    expect(answer.choices.map((choice: { index: number }) => choice.index)).toEqual([0, 1, 2]);
    expect(answer.usage).toMatchObject({
      prompt_tokens: 4,
      completion_tokens: 6,
      total_tokens: 10,
      prompt_tokens_details: { cached_tokens: 2 },
    });
  });

  it('has token ids and log-probabilities of the prompt on request', async () => {
    const answer = await chat({ n: 2, return_token_ids: true, prompt_logprobs: 1, add_generation_prompt: false });
    expect(answer.prompt_token_ids).toEqual([256, 258, 113]);
    expect(answer.choices.map((choice: { token_ids: number[] }) => choice.token_ids)).toEqual([
      [72, 105],
      [72, 105],
    ]);
    expect(answer.prompt_logprobs).toEqual([
      null,
      {
        '97': { logprob: -1, rank: 1, decoded_token: 'a' },
        '258': { logprob: -258 / 256, rank: 3, decoded_token: '<user>' },
      },
      {
        '97': { logprob: -1, rank: 1, decoded_token: 'a' },
        '113': { logprob: -113 / 256, rank: 3, decoded_token: 'q' },
      },
    ]);
  });

  it('gives bytes of broken characters and names tokens by id on request', async () => {
    const body = { logprobs: true, top_logprobs: 1, max_tokens: 1 };
    const [entry] = (await chat(body, new ScriptedEngine(say('é')))).choices[0].logprobs.content;
    expect(entry).toMatchObject({ token: '\ufffd', bytes: [0xc3] });
    const named = await chat({ ...body, return_tokens_as_token_ids: true }, new ScriptedEngine(say('é')));
    expect(named.choices[0].logprobs.content[0]).toMatchObject({
      token: 'token_id:195',
      top_logprobs: [{ token: 'token_id:97' }],
    });
  });

  it('writes an impossible log-probability as -9999, which JSON can carry', async () => {
    const engine = new ScriptedEngine(async function* (request, signal, index) {
      for await (const event of say('a')(request, signal, index)) {
        if (event.type !== 'delta') yield event;
        else yield { ...event, logprobs: [{ tokenId: 97, logprob: -Infinity, rank: 1, top: [] }] };
      }
    });
    const answer = await chat({ logprobs: true }, engine);
    expect(answer.choices[0].logprobs.content[0].logprob).toBe(-9999);
  });
});

describe('completion answer', () => {
  const complete = (body: object, engine?: ScriptedEngine) => post('/v1/completions', body, engine);

  it('has every member that OpenAI requires; choices are prompt-major', async () => {
    const answer = await complete({ prompt: ['a', 'bc'], n: 2, echo: true });
    expect(answer).toMatchObject({
      id: expect.stringMatching(/^cmpl-\w{32}$/),
      object: 'text_completion',
      model: 'org/tiny-v2',
      usage: { prompt_tokens: 5, completion_tokens: 8, total_tokens: 13 },
    });
    expect(answer.choices).toEqual(
      ['aHi', 'aHi', 'bcHi', 'bcHi'].map((text, index) => ({
        index,
        text,
        logprobs: null,
        finish_reason: 'stop',
        stop_reason: null,
      })),
    );
  });

  it('echo with max_tokens 0 scores the prompt only', async () => {
    const answer = await complete({ prompt: 'ab', echo: true, max_tokens: 0, logprobs: 1 });
    expect(answer.choices[0]).toEqual({
      index: 0,
      text: 'ab',
      logprobs: {
        tokens: ['<bos>', 'a', 'b'],
        token_logprobs: [null, -97 / 256, -98 / 256],
        top_logprobs: [null, { a: -1 }, { a: -1, b: -98 / 256 }],
        text_offset: [0, 0, 1],
      },
      finish_reason: 'length',
      stop_reason: null,
    });
    expect(answer.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 0 });
  });

  it('echo with max_tokens 1', async () => {
    const { choices } = await complete({ prompt: 'a', echo: true, max_tokens: 1, logprobs: 0 });
    expect(choices[0]).toMatchObject({ text: 'aH', finish_reason: 'length', logprobs: { text_offset: [0, 0, 1] } });
  });

  it('echoes token-id prompts as text', async () => {
    const body = { prompt: [256, 104, 105], echo: true };
    expect((await complete(body)).choices[0].text).toBe('hiHi');
    expect((await complete({ ...body, skip_special_tokens: false })).choices[0].text).toBe('<bos>hiHi');
  });

  it('text_offset points at the token in the text, in code points', async () => {
    const engine = new ScriptedEngine(say('é😀z'));
    const answer = await complete({ prompt: '<user>ü', echo: true, logprobs: 0, max_tokens: 20 }, engine);
    const { text, logprobs } = answer.choices[0];
    expect(text).toBe('<user>üé😀z');
    const characters = Array.from<string>(text);
    const offset = (token: string) => logprobs.text_offset[logprobs.tokens.indexOf(token)];
    expect(offset('<bos>')).toBe(0);
    expect(offset('<user>')).toBe(0);
    expect(characters[offset('z')]).toBe('z');
    expect(logprobs.text_offset).toEqual([0, 0, 6, 6, 7, 7, 8, 8, 8, 8, 9]);
  });

  it('has token ids and prompt log-probabilities per choice', async () => {
    const body = { prompt: [[1], [2]], return_token_ids: true, prompt_logprobs: 0 };
    const { choices } = await complete(body);
    expect(choices).toMatchObject([
      { prompt_token_ids: [1], token_ids: [72, 105], prompt_logprobs: [null] },
      { prompt_token_ids: [2], token_ids: [72, 105], prompt_logprobs: [null] },
    ]);
  });

  it('says why it stopped', async () => {
    const engine = new ScriptedEngine(async function* (request, signal, index) {
      for await (const event of say('a')(request, signal, index)) {
        yield event.type === 'finish' ? { ...event, stopReason: '\n' } : event;
      }
    });
    expect((await complete({ prompt: 'x' }, engine)).choices[0]).toMatchObject({
      finish_reason: 'stop',
      stop_reason: '\n',
    });
  });
});
