import { describe, expect, it } from 'vitest';
import { makeBench, makeSequence, shares, step, tokens } from './helpers.ts';

describe('prefix reuse', () => {
  it('starts a prompt behind the full blocks that an earlier one left', () => {
    const { scheduler } = makeBench();
    const shared = tokens(10);
    scheduler.add(makeSequence(1, [...shared, 1], { maxTokens: 1 }));
    step(scheduler);
    const second = makeSequence(2, [...shared, 2, 3], { maxTokens: 1 });
    scheduler.add(second);
    expect(shares(step(scheduler))).toEqual([[2, 8, 4]]);
    expect(second.numCachedTokens).toBe(8);
  });

  it('never takes the whole prompt: its last token is computed for the logits', () => {
    const { scheduler } = makeBench();
    for (const id of [1, 2]) {
      scheduler.add(makeSequence(id, tokens(8), { maxTokens: 1 }));
      expect(shares(step(scheduler))).toEqual([id === 1 ? [1, 0, 8] : [2, 4, 4]]);
    }
  });

  it('covers generated tokens too', () => {
    const { scheduler } = makeBench();
    const first = makeSequence(1, tokens(3), { maxTokens: 6 });
    scheduler.add(first);
    while (scheduler.hasUnfinished) step(scheduler);
    // 3 + 6 tokens, of which the last was never computed: two full blocks.
    const followUp = makeSequence(2, [...tokens(3), ...first.outputTokenIds, 50]);
    scheduler.add(followUp);
    step(scheduler);
    expect(followUp.numCachedTokens).toBe(8);
  });

  it('shares blocks of running sequences', () => {
    const { scheduler, pool } = makeBench();
    const first = makeSequence(1, tokens(9));
    const second = makeSequence(2, tokens(9));
    scheduler.add(first);
    step(scheduler);
    scheduler.add(second);
    step(scheduler);
    expect(second.blockTable.slice(0, 2)).toEqual(first.blockTable.slice(0, 2));
    expect(pool.numUsedBlocks).toBe(4);
    scheduler.abort(1);
    scheduler.checkIntegrity();
    expect(pool.numUsedBlocks).toBe(3);
  });

  it('waits one step for a prompt that is just being computed, instead of computing it twice', () => {
    const { scheduler, pool } = makeBench();
    for (const id of [1, 2, 3, 4]) scheduler.add(makeSequence(id, tokens(10)));
    expect(shares(step(scheduler))).toEqual([[1, 0, 10]]);
    expect(shares(step(scheduler))).toEqual([
      [1, 10, 1],
      [2, 8, 2],
      [3, 8, 2],
      [4, 8, 2],
    ]);
    expect(pool.numUsedBlocks).toBe(2 + 4);
  });

  it('does not wait for prompts that share no full block', () => {
    const { scheduler } = makeBench();
    scheduler.add(makeSequence(1, [1, 2, 3, 4, 5]));
    scheduler.add(makeSequence(2, [1, 2, 3, 9, 5]));
    expect(step(scheduler).admitted).toHaveLength(2);
  });

  it('keeps salts apart', () => {
    const { scheduler } = makeBench();
    const salts = [null, 'a', 'b', 'a'];
    const cached = salts.map((cacheSalt, id) => {
      const sequence = makeSequence(id, tokens(9), { cacheSalt, maxTokens: 1 });
      scheduler.add(sequence);
      step(scheduler);
      return sequence.numCachedTokens;
    });
    expect(cached).toEqual([0, 0, 0, 8]);
  });

  it('can be switched off', () => {
    const { scheduler } = makeBench({ enablePrefixCaching: false });
    for (const id of [1, 2]) {
      scheduler.add(makeSequence(id, tokens(9), { maxTokens: 1 }));
      expect(shares(step(scheduler))).toEqual([[id, 0, 9]]);
    }
  });
});
