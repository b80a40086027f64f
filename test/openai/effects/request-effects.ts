import { expect } from 'vitest';
import { type Asked, type Effect, joined } from './asked.ts';

const textOf = async (asked: Asked): Promise<string> => (await asked.one()).text;

/** What is asked for and what the answer shows, on both endpoints. */
export const requestEffects: Readonly<Record<string, Effect>> = {
  model: async (asked) => {
    expect((await asked.one({ model: 'default' })).text).toBe(await textOf(asked));
    expect(await asked.ask({ model: 'no such' })).toMatchObject({
      status: 404,
      body: { error: { code: 'model_not_found' } },
    });
  },

  max_tokens: async (asked) => {
    const five = await asked.one({ max_tokens: 5 });
    expect(five).toMatchObject({ finishReason: 'length' });
    expect(five.tokenIds).toEqual((await asked.one()).tokenIds.slice(0, 5));
  },

  truncate_prompt_tokens: async (asked) => {
    const { promptTokenIds } = await asked.ask();
    const cut = await asked.ask({ truncate_prompt_tokens: 4 });
    expect(cut.promptTokenIds).toEqual(promptTokenIds.slice(-4));
    expect(cut.choices[0]?.tokenIds).not.toEqual((await asked.one()).tokenIds);
  },

  truncation_side: async (asked) => {
    const { promptTokenIds } = await asked.ask();
    const cut = await asked.ask({ truncate_prompt_tokens: 4, truncation_side: 'right' });
    expect(cut.promptTokenIds).toEqual(promptTokenIds.slice(0, 4));
  },

  logprobs: async (asked) => {
    expect((await asked.one()).logprobs).toEqual([]);
    const { logprobs, tokenIds } = await asked.one(asked.logprobFields(0));
    expect(logprobs).toHaveLength(tokenIds.length);
    for (const logprob of logprobs) expect(logprob).toBeLessThanOrEqual(0);
  },

  logprob_token_ids: async (asked) => {
    const listed = [5, 300, 17];
    const names = listed.map((id) => `token_id:${id}`);
    const { tops, logprobs } = await asked.one({ ...asked.logprobFields(1), logprob_token_ids: listed });
    for (const top of tops) expect(Object.keys(top)).toEqual(expect.arrayContaining(names));
    // The same numbers come up where one of them is forced.
    const forced = await asked.one({ ...asked.logprobFields(0), logit_bias: { 300: 100 }, max_tokens: 1 });
    expect(tops[0]?.['token_id:300']).toBeCloseTo(forced.logprobs[0]!, 4);
    expect(logprobs[0]).toBeGreaterThan(tops[0]!['token_id:300']!);
  },

  prompt_logprobs: async (asked) => {
    const { choices, promptTokenIds } = await asked.ask({ prompt_logprobs: 2 });
    const scored = choices[0]!.promptLogprobs!;
    expect(scored).toHaveLength(promptTokenIds.length);
    expect(scored[0]).toBeNull();
    scored.slice(1).forEach((entry, index) => {
      expect(Object.keys(entry as object)).toContain(String(promptTokenIds[index + 1]));
      expect(Object.keys(entry as object).length).toBeGreaterThanOrEqual(2);
    });
  },

  return_token_ids: async (asked) => {
    const { choices, promptTokenIds } = await asked.ask();
    expect(choices[0]?.tokenIds).toHaveLength(12);
    expect(promptTokenIds.length).toBeGreaterThan(0);
    const without = await asked.ask({ return_token_ids: false });
    expect(JSON.stringify(without.body)).not.toContain('token_ids"');
  },

  return_tokens_as_token_ids: async (asked) => {
    const { tops, tokenIds } = await asked.one(asked.logprobFields(1));
    tops.forEach((top, index) => {
      expect(Object.keys(top)).toContain(`token_id:${tokenIds[index]}`);
    });
    const named = await asked.one({ ...asked.logprobFields(1), return_tokens_as_token_ids: false });
    expect(JSON.stringify(named.tops)).not.toContain('token_id:');
  },

  skip_special_tokens: async (asked) => {
    const end = (await asked.one({ max_tokens: 400 })).tokenIds.at(-1)!;
    const ends = { logit_bias: { [end]: 100 }, ignore_eos: true, max_tokens: 2 };
    expect((await asked.one(ends)).text).toBe('');
    expect((await asked.one({ ...ends, skip_special_tokens: false })).text).toMatch(/^(<.+>)\1$/u);
  },

  stream: async (asked) => {
    const chunks = await asked.stream();
    expect(joined(chunks)).toBe(await textOf(asked));
    expect(chunks.filter(({ text }) => text !== '').length).toBeGreaterThan(6);
  },

  stream_interval: async (asked) => {
    const spoken = (await asked.stream()).filter(({ text }) => text !== '');
    const paced = (await asked.stream({ stream_interval: 4 })).filter(({ text }) => text !== '');
    expect(joined(paced)).toBe(joined(spoken));
    expect(paced[0]?.text).toBe(spoken[0]?.text);
    expect(paced.length).toBeLessThan(spoken.length / 2);
  },

  stream_options: async (asked) => {
    const answer = await asked.ask({ stream_options: { include_usage: true } });
    expect(answer).toMatchObject({ status: 400, body: { error: { param: 'stream_options' } } });
  },

  'stream_options.include_usage': async (asked) => {
    for (const { body } of await asked.stream()) expect(body).not.toHaveProperty('usage');
    const chunks = await asked.stream({ stream_options: { include_usage: true } });
    const last = chunks.pop();
    expect(last?.body).toMatchObject({ choices: [], usage: { completion_tokens: 12 } });
    for (const { body } of chunks) expect(body['usage']).toBeNull();
  },

  'stream_options.continuous_usage_stats': async (asked) => {
    const options = { include_usage: true, continuous_usage_stats: true };
    const chunks = await asked.stream({ stream_options: options });
    const counts = chunks.map(({ body }) => (body['usage'] as { completion_tokens: number }).completion_tokens);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(new Set(counts).size).toBeGreaterThan(6);
    expect(counts.at(-1)).toBe(12);
  },

  'stream_options.include_obfuscation': async (asked) => {
    const plain = (await asked.stream()).filter(({ text }) => text !== '');
    const padded = (await asked.stream({ stream_options: { include_obfuscation: true } })).filter(
      ({ text }) => text !== '',
    );
    expect(joined(padded)).toBe(joined(plain));
    for (const { body } of padded) expect(body['obfuscation']).toMatch(/^.+$/);
    const sizes = (chunks: typeof plain) => new Set(chunks.map(({ frame }) => Buffer.byteLength(frame))).size;
    expect(sizes(plain)).toBeGreaterThan(2);
    expect(sizes(padded)).toBeLessThanOrEqual(2);
  },

  priority: async (asked) => {
    // The server runs two at a time.
    const order: string[] = [];
    const running = [300, 330].map((length) => asked.one({ max_tokens: length, ignore_eos: true }));
    const queued = async (name: string, priority: number): Promise<void> => {
      await asked.one({ max_tokens: 1, priority });
      order.push(name);
    };
    await asked.waitUntil((load) => load.running === 2);
    const late = queued('late', 5);
    await asked.waitUntil((load) => load.waiting === 1);
    await Promise.all([late, queued('urgent', -5), ...running]);
    expect(order).toEqual(['urgent', 'late']);
  },

  cache_salt: async (asked) => {
    const words = `${asked.endpoint} ${'Once upon a time there was a little dog. '.repeat(6)}`;
    const long =
      asked.endpoint === 'chat' ? { messages: [{ role: 'user', content: words }] } : { prompt: `${words}The dog` };
    const cached = async (salt: string | null) => (await asked.ask({ ...long, cache_salt: salt })).cachedTokens;
    expect(await cached(null)).toBe(0);
    expect(await cached(null)).toBeGreaterThanOrEqual(16);
    expect(await cached('a')).toBe(0);
    expect(await cached('b')).toBe(0);
    expect(await cached('a')).toBeGreaterThanOrEqual(16);
  },

  timings: async (asked) => {
    expect((await asked.ask()).body).not.toHaveProperty('timings');
    const { body } = await asked.ask({ timings: true });
    expect(body['timings']).toMatchObject({ predicted_n: 12, prompt_ms: expect.any(Number) });
    const chunks = await asked.stream({ timings: true });
    const timed = chunks.filter((chunk) => 'timings' in chunk.body);
    expect(timed).toEqual(chunks.slice(-1));
  },

  timings_per_token: async (asked) => {
    const spoken = (await asked.stream({ timings_per_token: true })).filter(({ text }) => text !== '');
    for (const { body } of spoken) expect(body['timings']).toMatchObject({ predicted_n: expect.any(Number) });
  },

  request_id: async (asked) => {
    const { body } = await asked.ask({ request_id: 'my-own.1' });
    expect(body['id']).toBe(`${asked.endpoint === 'chat' ? 'chatcmpl' : 'cmpl'}-my-own.1`);
  },
};

/** Fields of text completions alone. */
export const completionEffects: Readonly<Record<string, Effect>> = {
  prompt: async (asked) => {
    const two = await asked.ask({ prompt: ['One day', 'The cat'] });
    expect(two.choices.map(({ text }) => text)).toEqual([
      (await asked.one({ prompt: 'One day' })).text,
      (await asked.one({ prompt: 'The cat' })).text,
    ]);
  },

  suffix: async (asked) => {
    const gap = await asked.ask({ prompt: 'def f(x):\n    return ', suffix: '\n\nprint(f(2))\n' });
    const plain = await asked.ask({ prompt: 'def f(x):\n    return ' });
    expect(gap.status).toBe(200);
    expect(gap.promptTokenIds.length).toBeGreaterThan(plain.promptTokenIds.length + 3);
    expect(gap.promptTokenIds[0]).toBe(plain.promptTokenIds[0]);
    expect(gap.promptTokenIds.slice(2, 2 + plain.promptTokenIds.length - 1)).toEqual(plain.promptTokenIds.slice(1));
  },

  echo: async (asked) => {
    const prompt = 'A dog';
    const plain = await asked.one({ prompt });
    expect((await asked.one({ prompt, echo: true })).text).toBe(prompt + plain.text);
    const scored = await asked.ask({ prompt, echo: true, max_tokens: 0, logprobs: 1 });
    expect(scored.choices[0]).toMatchObject({ text: prompt, tokenIds: [] });
    expect(scored.choices[0]?.logprobs).toHaveLength(scored.promptTokenIds.length);
    expect(scored.choices[0]?.logprobs[0]).toBeNull();
  },

  best_of: async (asked) => {
    const hot = { temperature: 1.5, seed: 11, ...asked.logprobFields(0) };
    const all = await asked.ask({ ...hot, n: 6 });
    const best = await asked.ask({ ...hot, n: 2, best_of: 6 });
    const mean = ({ logprobs }: { logprobs: readonly (number | null)[] }) =>
      logprobs.reduce<number>((sum, logprob) => sum + logprob!, 0) / logprobs.length;
    const ranked = [...all.choices].sort((a, b) => mean(b) - mean(a));
    expect(best.choices.map(({ tokenIds }) => tokenIds)).toEqual(ranked.slice(0, 2).map(({ tokenIds }) => tokenIds));
    expect(best.completionTokens).toBe(all.completionTokens);
    const hidden = await asked.ask({ temperature: 1.5, seed: 11, n: 2, best_of: 6 });
    expect(hidden.choices[0]).toMatchObject({ tokenIds: ranked[0]?.tokenIds, logprobs: [] });
  },

  add_special_tokens: async (asked) => {
    const [withBos, without] = [await asked.ask(), await asked.ask({ add_special_tokens: false })];
    expect(without.promptTokenIds).toEqual(withBos.promptTokenIds.slice(1));
  },
};
