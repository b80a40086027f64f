import { describe, expect, it } from 'vitest';
import { commit, EOS, makeBench, makeSequence, shares, step, tokens } from './helpers.ts';

const always = (): boolean => true;

describe('planAhead', () => {
  it('lets every sequence compute the token that the step in flight samples', () => {
    const { scheduler } = makeBench();
    scheduler.add(makeSequence(1, tokens(5)));
    scheduler.add(makeSequence(2, tokens(3, 100)));
    const first = scheduler.plan()!;
    const second = scheduler.planAhead(always)!;
    expect(shares(second)).toEqual([
      [1, 5, 1],
      [2, 3, 1],
    ]);
    expect(second).toMatchObject({ numDecodes: 2, numTokens: 2, admitted: [], preempted: [] });
    expect(second.entries.every(({ isPending, samples }) => isPending && samples)).toBe(true);
    commit(scheduler, first, 11);
    const third = scheduler.planAhead(always)!;
    expect(shares(third)).toEqual([
      [1, 6, 1],
      [2, 4, 1],
    ]);
    commit(scheduler, second, 12);
    commit(scheduler, third, 13);
    expect(first.entries[0]!.sequence.outputTokenIds).toEqual([11, 12, 13]);
    expect(shares(step(scheduler))).toEqual([
      [1, 7, 1],
      [2, 5, 1],
    ]);
  });

  it('commits in order only', () => {
    const { scheduler } = makeBench();
    scheduler.add(makeSequence(1, tokens(5)));
    scheduler.plan();
    const second = scheduler.planAhead(always)!;
    expect(() => commit(scheduler, second)).toThrow(/not the oldest/);
    expect(() => scheduler.plan()).toThrow(/not committed/);
    expect(() => scheduler.planAhead(always)).toThrow(/one step is in flight/);
  });

  it('leaves out who ends with that token, and is not needed when all do', () => {
    const { scheduler } = makeBench({ maxModelLen: 20 });
    scheduler.add(makeSequence(1, tokens(5), { maxTokens: 1 }));
    scheduler.add(makeSequence(2, tokens(19, 100)));
    scheduler.add(makeSequence(3, tokens(4, 200), { maxTokens: 2 }));
    const first = scheduler.plan()!;
    const second = scheduler.planAhead(always)!;
    expect(shares(second)).toEqual([[3, 4, 1]]);
    expect(commit(scheduler, first).finished.map(({ sequence }) => sequence.id)).toEqual([1, 2]);
    expect(scheduler.planAhead(always)).toBeNull();
    expect(commit(scheduler, second).finished.map(({ sequence }) => sequence.id)).toEqual([3]);
    expect(scheduler.hasUnfinished).toBe(false);
  });

  it('computes for nothing who ends unexpectedly, and holds its blocks until then', () => {
    const { scheduler, pool } = makeBench({ enablePrefixCaching: false });
    scheduler.add(makeSequence(1, tokens(4)));
    const first = scheduler.plan()!;
    const second = scheduler.planAhead(always)!;
    expect(pool.numUsedBlocks).toBe(2);
    expect(commit(scheduler, first, EOS).finished).toHaveLength(1);
    expect([scheduler.hasUnfinished, pool.numUsedBlocks]).toEqual([false, 2]);
    expect(commit(scheduler, second).finished).toEqual([]);
    expect(pool.numUsedBlocks).toBe(0);
  });

  it('holds the blocks of an aborted sequence until the later step is done', () => {
    const { scheduler, pool } = makeBench({ enablePrefixCaching: false });
    const sequence = makeSequence(1, tokens(6));
    scheduler.add(sequence);
    const first = scheduler.plan()!;
    const second = scheduler.planAhead(always)!;
    scheduler.abort(1);
    commit(scheduler, first);
    expect(pool.numUsedBlocks).toBe(2);
    commit(scheduler, second);
    expect(pool.numUsedBlocks).toBe(0);
    expect(sequence.outputTokenIds).toEqual([]);
  });

  it('admits whoever waits, and leaves the token that it samples unseen as well', () => {
    const { scheduler } = makeBench({ maxNumSeqs: 2 });
    for (const id of [1, 2, 3]) scheduler.add(makeSequence(id, tokens(5, 100 * id), { maxTokens: 3 - id + 1 }));
    const first = scheduler.plan()!;
    expect(shares(first)).toEqual([
      [1, 0, 5],
      [2, 0, 5],
    ]);
    const second = scheduler.planAhead(always)!;
    expect(shares(second)).toEqual([
      [1, 5, 1],
      [2, 5, 1],
    ]);
    commit(scheduler, first);
    const third = scheduler.planAhead(always)!;
    expect(shares(third)).toEqual([[1, 6, 1]]);
    commit(scheduler, second);
    const fourth = scheduler.planAhead(always)!;
    expect(shares(fourth)).toEqual([[3, 0, 5]]);
    expect(fourth.admitted.map(({ id }) => id)).toEqual([3]);
    commit(scheduler, third);
    commit(scheduler, fourth);
    expect(scheduler.hasUnfinished).toBe(false);
  });

  it('continues prompts chunk by chunk, decodes beside them', () => {
    const { scheduler } = makeBench({ maxNumBatchedTokens: 8 });
    scheduler.add(makeSequence(1, tokens(3)));
    scheduler.add(makeSequence(2, tokens(14, 100)));
    const plans = [scheduler.plan()!];
    for (let step = 0; step < 3; step++) {
      plans.push(scheduler.planAhead(always)!);
      commit(scheduler, plans[step]!, 20 + step);
    }
    expect(plans.map(shares)).toEqual([
      [
        [1, 0, 3],
        [2, 0, 5],
      ],
      [
        [1, 3, 1],
        [2, 5, 7],
      ],
      [
        [1, 4, 1],
        [2, 12, 2],
      ],
      [
        [1, 5, 1],
        [2, 14, 1],
      ],
    ]);
    expect(plans.map((plan) => plan.entries.map(({ isPending }) => isPending))).toEqual([
      [false, false],
      [true, false],
      [true, false],
      [true, true],
    ]);
  });

  it('does not compute a block twice that the step in flight computes', () => {
    const { scheduler } = makeBench({ maxNumSeqs: 3 });
    scheduler.add(makeSequence(1, tokens(9)));
    const first = scheduler.plan()!;
    scheduler.add(makeSequence(2, tokens(9)));
    const second = scheduler.planAhead(always)!;
    expect(shares(second)).toEqual([[1, 9, 1]]);
    commit(scheduler, first);
    const third = scheduler.planAhead(always)!;
    expect(shares(third)).toEqual([
      [1, 10, 1],
      [2, 8, 1],
    ]);
  });

  it('waits for who may not be computed unseen, and for who may not be admitted so', () => {
    const { scheduler } = makeBench();
    scheduler.add(makeSequence(1, tokens(5)));
    const first = scheduler.plan()!;
    expect(scheduler.planAhead(() => false)).toBeNull();
    scheduler.add(makeSequence(2, tokens(5, 100)));
    expect(scheduler.planAhead(({ id }) => id === 1)).toBeNull();
    commit(scheduler, first);
    expect(shares(scheduler.plan()!)).toEqual([
      [1, 5, 1],
      [2, 0, 5],
    ]);
  });

  it('waits where blocks are short, and preempts nobody', () => {
    const { scheduler, pool } = makeBench({ numBlocks: 3, enablePrefixCaching: false });
    scheduler.add(makeSequence(1, tokens(4), { maxTokens: 5 }));
    const first = scheduler.plan()!;
    const others = pool.allocate(2);
    expect(scheduler.planAhead(always)).toBeNull();
    pool.free(others);
    const second = scheduler.planAhead(always)!;
    expect(second.preempted).toEqual([]);
    commit(scheduler, first);
    commit(scheduler, second);
  });

  it('leaves alone who only scores a prompt that is in flight', () => {
    const { scheduler } = makeBench({ maxLogitRows: 1 });
    scheduler.add(makeSequence(1, tokens(5), { maxTokens: 0 }));
    const first = scheduler.plan()!;
    expect(scheduler.planAhead(always)).toBeNull();
    expect(commit(scheduler, first).finished).toHaveLength(1);
  });
});
