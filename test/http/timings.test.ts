import { describe, expect, it } from 'vitest';
import { ScriptedEngine, say } from '../openai/support/scripted-engine.ts';
import { framesOf, testApp } from './support/app.ts';

const engine = () => new ScriptedEngine(say('Hi!', { numCachedTokens: 1 }));
const post = (body: object, url = '/v1/completions') =>
  testApp(engine()).app.inject({ method: 'POST', url, payload: { prompt: 'abc', ...body } });

// The script says: 5 ms in the queue, 40 ms of prefill, 100 ms from the first token to the last.
const timings = (predicted: number) => ({
  queue_ms: 5,
  cache_n: 1,
  prompt_n: 3,
  prompt_ms: 40,
  prompt_per_token_ms: 40 / 3,
  prompt_per_second: 75,
  predicted_n: predicted,
  predicted_ms: 100,
  predicted_per_token_ms: predicted < 2 ? 0 : 100 / (predicted - 1),
  predicted_per_second: (predicted - 1) * 10,
});

describe('timings', () => {
  it.each(['timings', 'timings_per_token'])('an answer has them on request (%s)', async (field) => {
    const answer = (await post({ [field]: true, n: 2 })).json();
    expect(answer.timings).toEqual(timings(3));
    expect(answer.choices).toHaveLength(2);
  });

  it.each([{}, { timings: false }, { timings: null, timings_per_token: false }])(
    'and not otherwise: %j',
    async (body) => {
      expect((await post(body)).body).not.toContain('timings');
      expect((await post({ ...body, stream: true })).body).not.toContain('timings');
    },
  );

  it('the last chunk of each choice in a stream has its own', async () => {
    const body = { stream: true, timings: true, n: 2, stream_options: { include_usage: true } };
    const chunks = framesOf((await post(body)).body).slice(0, -1) as { choices: object[]; timings?: object }[];
    const ends = chunks.filter((chunk) => 'timings' in chunk);
    expect(ends).toMatchObject([
      { choices: [{ index: 0, finish_reason: 'stop' }], timings: timings(3) },
      { choices: [{ index: 1, finish_reason: 'stop' }], timings: timings(3) },
    ]);
  });

  it('or every chunk of a token, with timings_per_token', async () => {
    const frames = framesOf((await post({ stream: true, timings_per_token: true })).body).slice(0, -1);
    expect(frames.map((frame) => (frame as { timings: object }).timings)).toEqual([1, 2, 3, 3].map(timings));
  });

  it('also in chats', async () => {
    const body = { messages: [{ role: 'user', content: 'q' }], timings: true };
    expect((await post(body, '/v1/chat/completions')).json().timings).toEqual(timings(3));
    const stream = await post({ ...body, stream: true }, '/v1/chat/completions');
    expect(framesOf(stream.body).at(-2)).toMatchObject({ choices: [{ finish_reason: 'stop' }], timings: timings(3) });
  });

  it.each([1, 'yes', []])('refuses %j', async (value) => {
    const answer = await post({ timings: value });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error.param).toBe('timings');
  });
});
