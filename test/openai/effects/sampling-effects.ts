import { expect } from 'vitest';
import type { Answer, Asked, Choice, Effect } from './asked.ts';

const HOT = { temperature: 2 };
const SEEDS = [1, 2, 3];

const seeded = async (asked: Asked, fields: object): Promise<string[]> => {
  const choices = await Promise.all(SEEDS.map((seed) => asked.one({ ...fields, seed })));
  return choices.map(({ tokenIds }) => tokenIds.join());
};
/** What temperature 2 gives without the field is seen under `temperature`. */
const isGreedyWhenHot =
  (fields: object): Effect =>
  async (asked) => {
    const greedy = (await asked.one()).tokenIds.join();
    expect(await seeded(asked, { ...HOT, ...fields })).toEqual(SEEDS.map(() => greedy));
  };

/** A token that is an ordinary piece of text, from the greedy output. */
const anyToken = async (asked: Asked): Promise<number> => (await asked.one()).tokenIds[2]!;
/** Nothing but this token comes out. */
const forced = (tokenId: number, bias = 100) => ({ logit_bias: { [tokenId]: bias }, ignore_eos: true });
const endToken = async (asked: Asked): Promise<number> => {
  const { stopReason, finishReason, tokenIds } = await asked.one({ max_tokens: 400 });
  expect([finishReason, stopReason]).toEqual(['stop', null]);
  return tokenIds.at(-1)!;
};

/** Each token is the likeliest after the penalties, as far as the 20 likeliest before them tell; and some are not before them. */
const penalized =
  (field: 'presence_penalty' | 'frequency_penalty'): Effect =>
  async (asked) => {
    // Of nonsense the model is sure of nothing, so that a small penalty decides.
    const nonsense = asked.saying('qz qz vv xk qz vv xk qz');
    const fields = { ...nonsense, max_tokens: 150, ignore_eos: true, ...asked.logprobFields(20) };
    const { tokenIds, tops } = await asked.one({ ...fields, [field]: 2 });
    let numChanged = 0;
    tokenIds.forEach((chosen, index) => {
      const before = tokenIds.slice(0, index);
      const penalty = (id: number): number => {
        const count = before.filter((other) => other === id).length;
        return 2 * (field === 'frequency_penalty' ? count : Math.min(count, 1));
      };
      const ranked = Object.entries(tops[index]!).map(([name, logprob]) => {
        const id = Number(name.slice('token_id:'.length));
        return { id, logprob, penalized: logprob - penalty(id) };
      });
      const best = Math.max(...ranked.map((entry) => entry.penalized));
      const own = ranked.find(({ id }) => id === chosen);
      if (own !== undefined) expect(own.penalized).toBeCloseTo(best, 4);
      if (own === undefined || own.logprob < Math.max(...ranked.map(({ logprob }) => logprob))) numChanged++;
    });
    expect(numChanged).toBeGreaterThan(0);
  };

const total = ({ logprobs }: Choice): number => logprobs.reduce<number>((sum, logprob) => sum + (logprob ?? 0), 0);

const beams = async (asked: Asked, fields: object): Promise<Answer> => {
  const beam = { use_beam_search: true, n: 4, max_tokens: 8, ...asked.logprobFields(0) };
  const answer = await asked.ask({ ...beam, ...fields });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer;
};

/** How tokens are chosen and when an output ends, on both endpoints. */
export const samplingEffects: Readonly<Record<string, Effect>> = {
  temperature: async (asked) => {
    expect(new Set(await seeded(asked, { temperature: 0 })).size).toBe(1);
    expect(new Set(await seeded(asked, HOT)).size).toBeGreaterThan(1);
  },
  top_p: isGreedyWhenHot({ top_p: 0 }),
  top_k: isGreedyWhenHot({ top_k: 1 }),
  min_p: isGreedyWhenHot({ min_p: 1 }),

  repetition_penalty: async (asked) => {
    const token = await anyToken(asked);
    expect(new Set((await asked.one(forced(token))).tokenIds)).toEqual(new Set([token]));
    const { tokenIds } = await asked.one({ ...forced(token), repetition_penalty: 100 });
    expect(new Set(tokenIds).size).toBeGreaterThan(1);
  },
  presence_penalty: penalized('presence_penalty'),
  frequency_penalty: penalized('frequency_penalty'),

  logit_bias: async (asked) => {
    const token = await anyToken(asked);
    expect(new Set((await asked.one(forced(token))).tokenIds)).toEqual(new Set([token]));
    expect((await asked.one({ logit_bias: { [token]: -100 } })).tokenIds).not.toContain(token);
  },

  allowed_token_ids: async (asked) => {
    const token = await anyToken(asked);
    const allowed = [token, token + 1, token + 2];
    const { tokenIds } = await asked.one({ ...HOT, seed: 1, max_tokens: 40, allowed_token_ids: allowed });
    expect(tokenIds).toHaveLength(40);
    expect(tokenIds.every((id) => allowed.includes(id))).toBe(true);
    const nothing = await asked.ask({ allowed_token_ids: [await endToken(asked)], min_tokens: 2 });
    expect(nothing).toMatchObject({ status: 400, body: { error: { code: 'no_token_allowed' } } });
  },

  bad_words: async (asked) => {
    const { tokenIds } = await asked.one();
    const texts = await Promise.all(tokenIds.map((id) => asked.textOf(id)));
    const isWord = (text: string): boolean => /^ [a-z]{2,}$/.test(text);
    const words = texts.filter(isWord).map((text) => text.trim());
    expect(words.length).toBeGreaterThan(0);
    const without = await asked.one({ bad_words: words });
    for (const [index, id] of tokenIds.entries()) {
      if (isWord(texts[index]!)) expect(without.tokenIds).not.toContain(id);
    }
  },

  seed: async (asked) => {
    const first = await seeded(asked, HOT);
    expect(await seeded(asked, HOT)).toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(1);
  },

  n: async (asked) => {
    const { choices, completionTokens } = await asked.ask({ ...HOT, seed: 3, n: 4 });
    expect(choices).toHaveLength(4);
    expect(new Set(choices.map(({ tokenIds }) => tokenIds.join())).size).toBeGreaterThan(1);
    expect(completionTokens).toBe(choices.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0));
  },

  use_beam_search: async (asked) => {
    const greedy = await asked.one({ max_tokens: 8, ...asked.logprobFields(0) });
    const narrow = await beams(asked, { n: 1, ignore_eos: true });
    expect(narrow.choices[0]?.tokenIds).toEqual((await asked.one({ max_tokens: 8, ignore_eos: true })).tokenIds);
    const { choices } = await beams(asked, { ignore_eos: true });
    expect(choices).toHaveLength(4);
    expect(new Set(choices.map(({ tokenIds }) => tokenIds.join())).size).toBe(4);
    expect(total(choices[0]!)).toBeGreaterThanOrEqual(total(greedy) - 1e-4);
    const totals = choices.map(total);
    expect(totals).toEqual([...totals].sort((a, b) => b - a));
  },

  length_penalty: async (asked) => {
    const end = await endToken(asked);
    const lengths = await Promise.all(
      [-10, 10].map(async (lengthPenalty) => {
        // Answers of several lengths compete.
        const fields = { ...asked.saying('What is 2 + 3?'), max_tokens: 24, length_penalty: lengthPenalty };
        const { choices, promptTokenIds } = await beams(asked, fields);
        const scores = choices.map((choice) => {
          const length = promptTokenIds.length + choice.tokenIds.length - Number(choice.tokenIds.at(-1) === end);
          return total(choice) / length ** lengthPenalty;
        });
        expect(scores).toEqual([...scores].sort((a, b) => b - a));
        return choices.map(({ tokenIds }) => tokenIds.length).reduce((a, b) => a + b);
      }),
    );
    expect(lengths[0]).toBeLessThan(lengths[1]!);
  },

  stop: async (asked) => {
    const whole = await asked.one();
    const stop = whole.text.slice(9, 14);
    const cut = await asked.one({ stop: [stop, 'never to be seen'] });
    expect(cut).toMatchObject({ finishReason: 'stop', stopReason: stop });
    expect(cut.text).toBe(whole.text.slice(0, whole.text.indexOf(stop)));
  },

  include_stop_str_in_output: async (asked) => {
    const whole = await asked.one();
    const stop = whole.text.slice(9, 14);
    const cut = await asked.one({ stop, include_stop_str_in_output: true });
    expect(cut.text).toBe(whole.text.slice(0, whole.text.indexOf(stop) + stop.length));
  },

  stop_token_ids: async (asked) => {
    const whole = await asked.one();
    const token = whole.tokenIds[5]!;
    const cut = await asked.one({ stop_token_ids: [token] });
    expect(cut).toMatchObject({ finishReason: 'stop', stopReason: token });
    expect(cut.tokenIds).toEqual(whole.tokenIds.slice(0, whole.tokenIds.indexOf(token) + 1));
  },

  min_tokens: async (asked) => {
    const [token] = (await asked.one()).tokenIds;
    expect((await asked.one({ stop_token_ids: [token] })).tokenIds).toHaveLength(1);
    const { tokenIds } = await asked.one({ stop_token_ids: [token], min_tokens: 6 });
    expect(tokenIds.length).toBeGreaterThanOrEqual(7);
    expect(tokenIds.slice(0, 6)).not.toContain(token);
  },

  ignore_eos: async (asked) => {
    const end = await endToken(asked);
    const likely = { logit_bias: { [end]: 100 } };
    expect(await asked.one(likely)).toMatchObject({ finishReason: 'stop', tokenIds: [end], text: '' });
    const on = await asked.one({ ...likely, ignore_eos: true });
    expect(on).toMatchObject({ finishReason: 'length', tokenIds: new Array(12).fill(end) });
  },

  repetition_detection: async (asked) => {
    const token = await anyToken(asked);
    const { tokenIds, finishReason, stopReason, text } = await asked.one({
      ...forced(token),
      repetition_detection: { max_pattern_size: 2, min_count: 3 },
    });
    expect(tokenIds).toEqual([token, token, token]);
    expect([finishReason, stopReason]).toEqual(['stop', 'repetition_detected']);
    expect(text.length).toBeGreaterThan(0);
  },
};
