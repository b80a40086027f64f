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

  it('gives way to whoever waits and could be admitted, not to who could not', () => {
    const { scheduler } = makeBench({ maxNumSeqs: 1 });
    scheduler.add(makeSequence(1, tokens(5)));
    const first = scheduler.plan()!;
    scheduler.add(makeSequence(2, tokens(5, 100)));
    expect(scheduler.planAhead(always)).not.toBeNull();
    commit(scheduler, first);

    const { scheduler: roomy } = makeBench({ maxNumSeqs: 2 });
    roomy.add(makeSequence(1, tokens(5)));
    roomy.plan();
    roomy.add(makeSequence(2, tokens(5, 100)));
    expect(roomy.planAhead(always)).toBeNull();
  });

  it('waits for the end of prompts, for free blocks and for who may not go on unseen', () => {
    const { scheduler } = makeBench({ maxNumBatchedTokens: 8 });
    scheduler.add(makeSequence(1, tokens(12)));
    scheduler.plan();
    expect(scheduler.planAhead(always)).toBeNull();

    const { scheduler: full, pool } = makeBench({ numBlocks: 2, enablePrefixCaching: false });
    full.add(makeSequence(1, tokens(8), { maxTokens: 1 }));
    step(full);
    full.add(makeSequence(2, tokens(4), { maxTokens: 5 }));
    full.plan();
    const others = pool.allocate(1);
    expect(full.planAhead(always)).toBeNull();
    pool.free(others);
    expect(full.planAhead(() => false)).toBeNull();
    expect(full.planAhead(always)).not.toBeNull();
  });
});
