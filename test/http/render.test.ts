import { describe, expect, it } from 'vitest';
import { ScriptedEngine } from '../openai/support/scripted-engine.ts';
import { testApp } from './support/app.ts';

const post = async (url: string, payload: object) => {
  const engine = new ScriptedEngine();
  const answer = await testApp(engine).app.inject({ method: 'POST', url, payload });
  expect(engine.submissions).toHaveLength(0);
  return answer;
};
const messages = [{ role: 'user', content: '<eos>' }];

describe('POST /v1/chat/completions/render', () => {
  it('shows the prompt and what would be sampled with, and runs nothing', async () => {
    const body = { messages, temperature: 0.5, max_tokens: 1000, stop: 'END', request_id: 'mine', stream: true };
    expect((await post('/v1/chat/completions/render', body)).json()).toEqual({
      request_id: 'chatcmpl-mine',
      model: 'org/tiny-v2',
      // The special token in the content is plain text.
      token_ids: [256, 258, ...Buffer.from('<eos>'), 259],
      prompt_text: '<bos><user><eos><assistant>',
      sampling_params: expect.objectContaining({ n: 1, temperature: 0.5, top_p: 1, max_tokens: 248, stop: ['END'] }),
      stream: true,
      cache_salt: null,
      priority: 0,
    });
  });

  it('refuses what the endpoint itself refuses', async () => {
    const answer = await post('/v1/chat/completions/render', { messages, temperature: 9 });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error.param).toBe('temperature');
    expect((await post('/v1/chat/completions/render', { messages, model: 'x' })).statusCode).toBe(404);
  });
});

it('POST /v1/completions/render has one entry per prompt', async () => {
  const rendered = (await post('/v1/completions/render', { prompt: ['a', 'bc'], n: 3, request_id: 'r' })).json();
  expect(rendered).toMatchObject([
    { request_id: 'cmpl-r-0', token_ids: [256, 97], prompt_text: '<bos>a', sampling_params: { n: 3, max_tokens: 16 } },
    { request_id: 'cmpl-r-1', token_ids: [256, 98, 99], prompt_text: '<bos>bc', stream: false },
  ]);
  expect(rendered).toHaveLength(2);
});

it('POST /v1/chat/completions/input_tokens counts what the endpoint itself reports', async () => {
  const { input_tokens } = (await post('/v1/chat/completions/input_tokens', { messages })).json();
  const { app } = testApp();
  const answer = await app.inject({ method: 'POST', url: '/v1/chat/completions', payload: { messages } });
  expect(answer.json().usage.prompt_tokens).toBe(input_tokens);
});
