import { describe, expect, it } from 'vitest';
import { commit, makeBench, makeSequence, shares, step, tokens } from './helpers.ts';

describe('abort', () => {
  it('forgets a waiting sequence', () => {
    const { scheduler } = makeBench({ maxNumSeqs: 1 });
    scheduler.add(makeSequence(1, [1]));
    scheduler.add(makeSequence(2, [2]));
    step(scheduler);
    expect(scheduler.abort(2)).toMatchObject({ id: 2, status: 'finished' });
    expect(scheduler.numWaiting).toBe(0);
    scheduler.checkIntegrity();
  });

  it('frees the blocks of a running sequence at once', () => {
    const { scheduler, pool } = makeBench();
    scheduler.add(makeSequence(1, tokens(9)));
    step(scheduler);
    expect(pool.numUsedBlocks).toBe(3);
    scheduler.abort(1);
    expect(pool.numUsedBlocks).toBe(0);
    expect([scheduler.numRunning, scheduler.hasUnfinished]).toEqual([0, false]);
    expect(scheduler.plan()).toBeNull();
  });

  it('knows nothing of strangers and of what has ended', () => {
    const { scheduler } = makeBench();
    scheduler.add(makeSequence(1, [1], { maxTokens: 1 }));
    step(scheduler);
    expect(scheduler.abort(1)).toBeNull();
    expect(scheduler.abort(9)).toBeNull();
  });

  it('holds the blocks that the step in flight writes to until its commit', () => {
    const { scheduler, pool } = makeBench({ numBlocks: 4 });
    const sequence = makeSequence(1, tokens(9), { maxTokens: 3 });
    scheduler.add(sequence);
    const plan = scheduler.plan()!;
    const blocksInFlight = [...plan.entries[0]!.blockTable];
    expect(scheduler.abort(1)).toBe(sequence);
    expect(scheduler.abort(1)).toBeNull();
    expect([scheduler.numRunning, scheduler.hasUnfinished]).toEqual([0, false]);
    scheduler.checkIntegrity();
    expect(pool.numUsedBlocks).toBe(3);
    const others = pool.allocate(1);
    expect(blocksInFlight).not.toContain(others[0]);
    expect(pool.canAllocate(1)).toBe(false);
    pool.free(others);
    // The rank still reads its plan.
    expect(plan.entries[0]!.blockTable).toEqual(blocksInFlight);
    expect(commit(scheduler, plan).finished).toEqual([]);
    expect(sequence.outputTokenIds).toEqual([]);
    expect(pool.numUsedBlocks).toBe(0);
  });

  it('frees at once what the step in flight does not touch', () => {
    const { scheduler, pool } = makeBench({ numBlocks: 7, enablePrefixCaching: false });
    const paused = makeSequence(2, tokens(8, 200), { maxTokens: 20 });
    scheduler.add(makeSequence(1, tokens(8, 100), { maxTokens: 20 }));
    scheduler.add(paused);
    while (pool.numFreeBlocks > 0) step(scheduler);
    const plan = scheduler.plan()!;
    expect(shares(plan)).toEqual([[1, 13, 1]]);
    scheduler.abort(2);
    expect(pool.numFreeBlocks).toBe(3);
    commit(scheduler, plan);
  });

  it('leaves what the others of the step share untouched', () => {
    const { scheduler, pool } = makeBench();
    const first = makeSequence(1, tokens(9));
    const second = makeSequence(2, tokens(9));
    scheduler.add(first);
    step(scheduler);
    scheduler.add(second);
    step(scheduler);
    const plan = scheduler.plan()!;
    scheduler.abort(1);
    commit(scheduler, plan);
    expect(first.numOutputTokens).toBe(2);
    expect(second.numOutputTokens).toBe(2);
    expect(pool.numUsedBlocks).toBe(3);
  });
});

describe('drainAll', () => {
  it('ends running, waiting and in-flight sequences and frees everything', () => {
    const { scheduler, pool } = makeBench({ maxNumSeqs: 2 });
    for (const id of [1, 2, 3, 4]) scheduler.add(makeSequence(id, tokens(6, 100 * id), { priority: -id }));
    step(scheduler);
    const plan = scheduler.plan()!;
    scheduler.abort(4);
    expect(scheduler.drainAll().map((sequence) => sequence.id)).toEqual([3, 2, 1]);
    expect([scheduler.numRunning, scheduler.numWaiting, pool.numUsedBlocks]).toEqual([0, 0, 0]);
    scheduler.checkIntegrity();
    expect(() => scheduler.commit(plan, new Map())).toThrow(/not in flight/);
    scheduler.add(makeSequence(5, [1], { maxTokens: 1 }));
    expect(step(scheduler).finished).toHaveLength(1);
  });
});
