import { describe, expect, it } from 'vitest';
import { parseResponses } from '../../../src/openai/responses/parse-responses.ts';
import { watchedRegistry } from './support/plans.ts';

// Contents are bytes, a context is 256 of them; a user's turn costs its content and 1 token, an assistant's 2, and there
// are 2 more (BOS and the beginning of the answer).
const user = (length: number, name = 'u') => ({ role: 'user', content: name.repeat(length) });
const assistant = (length: number) => ({ role: 'assistant', content: 'a'.repeat(length) });

async function kept(input: object[], fields: object = {}) {
  const { registry, seen } = watchedRegistry();
  const plan = await parseResponses({ input, truncation: 'auto', ...fields }, registry, null);
  const turns = seen.find((chat) => chat.turns.length === numTurnsOf(plan.prompts[0]!.tokenIds))?.turns ?? [];
  return { plan, turns: turns.map(({ role, content }) => `${role} ${content.length}`) };
}

/** BOS, and for each turn of a user or assistant a token that begins it; the last begins the answer. */
const numTurnsOf = (ids: readonly number[]) => ids.filter((id) => id === 258 || id === 259).length - 1;

describe('truncation auto', () => {
  it('keeps what fits', async () => {
    expect((await kept([user(50), assistant(50), user(50)])).turns).toHaveLength(3);
  });

  it('drops the oldest turns until a quarter of the context is free', async () => {
    const input = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? user(20 + i) : assistant(10)));
    const { plan, turns } = await kept(input);
    const numTokens = plan.prompts[0]!.tokenIds.length;
    expect(numTokens).toBeLessThanOrEqual(192);
    // The turn before the ones that were kept would not have fitted.
    const next = input[input.length - turns.length - 1]!;
    expect(numTokens + next.content.length).toBeGreaterThan(190);
    expect(turns.at(-1)).toBe('assistant 10');
  });

  it('leaves room for max_output_tokens where that is less', async () => {
    const input = [user(30), user(200)];
    expect((await kept(input, { max_output_tokens: 10 })).plan.requests[0]).toMatchObject({ maxTokens: 10 });
    expect((await kept(input, { max_output_tokens: 10 })).turns).toEqual(['user 30', 'user 200']);
    expect((await kept(input, { max_output_tokens: 40 })).turns).toEqual(['user 200']);
  });

  it('never drops instructions, nor the last turn', async () => {
    const { registry, seen } = watchedRegistry();
    const body = { instructions: 's'.repeat(30), input: [user(100), user(200)], truncation: 'auto' };
    await parseResponses(body, registry, null);
    expect(seen.at(-1)?.turns.map(({ role, content }) => [role, content.length])).toEqual([
      ['system', 30],
      ['user', 200],
    ]);
  });

  it('drops a call together with its output', async () => {
    const call = { type: 'function_call', call_id: '1', name: 'f', arguments: '{}' };
    const output = { type: 'function_call_output', call_id: '1', output: 'o'.repeat(150) };
    const { registry, seen } = watchedRegistry();
    await parseResponses({ input: [user(10), call, output, user(60)], truncation: 'auto' }, registry, null);
    expect(seen.at(-1)?.turns).toEqual([user(60)]);
  });

  it('a last turn that does not fit by itself is a 400', async () => {
    await expect(kept([user(10), user(300)])).rejects.toMatchObject({
      code: 'context_length_exceeded',
      param: 'input',
    });
    await expect(kept([{ role: 'developer', content: 'x'.repeat(300) }])).rejects.toMatchObject({ param: 'input' });
  });

  it('disabled is a 400', async () => {
    await expect(kept([user(100), user(200)], { truncation: 'disabled' })).rejects.toMatchObject({
      code: 'context_length_exceeded',
    });
  });
});
