import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/errors.ts';
import { makeBench, makeSequence, shares, step, tokens } from './helpers.ts';

describe('plan', () => {
  it('has nothing to do without sequences', () => {
    expect(makeBench().scheduler.plan()).toBeNull();
  });

  it('prefills a prompt whole, then decodes one token a step', () => {
    const { scheduler } = makeBench();
    const sequence = makeSequence(1, tokens(6));
    scheduler.add(sequence);
    const first = step(scheduler);
    expect(shares(first)).toEqual([[1, 0, 6]]);
    expect(first).toMatchObject({ numDecodes: 0, numTokens: 6, admitted: [sequence], preempted: [] });
    expect(first.entries[0]).toMatchObject({ samples: true, wantsAllRows: false });
    const second = step(scheduler);
    expect(shares(second)).toEqual([[1, 6, 1]]);
    expect(second).toMatchObject({ numDecodes: 1, admitted: [] });
    expect(sequence.outputTokenIds).toEqual([7, 7]);
  });

  it('cuts a long prompt by the token budget and samples only at its end', () => {
    const { scheduler } = makeBench({ maxNumBatchedTokens: 10 });
    scheduler.add(makeSequence(1, tokens(25)));
    const plans = [step(scheduler), step(scheduler), step(scheduler)];
    expect(plans.flatMap(shares)).toEqual([
      [1, 0, 10],
      [1, 10, 10],
      [1, 20, 5],
    ]);
    expect(plans.map((plan) => plan.entries[0]!.samples)).toEqual([false, false, true]);
  });

  it('puts decodes first and gives prefills what the budget leaves, running ones before new ones', () => {
    const { scheduler } = makeBench({ maxNumBatchedTokens: 10 });
    scheduler.add(makeSequence(1, tokens(4, 100)));
    step(scheduler);
    scheduler.add(makeSequence(2, tokens(14, 200)));
    scheduler.add(makeSequence(3, tokens(8, 300)));
    expect(shares(step(scheduler))).toEqual([
      [1, 4, 1],
      [2, 0, 9],
    ]);
    const third = step(scheduler);
    expect(shares(third)).toEqual([
      [1, 5, 1],
      [2, 9, 5],
      [3, 0, 4],
    ]);
    expect(third.numDecodes).toBe(1);
  });

  it('keeps decodes ahead of an older prefill', () => {
    const { scheduler } = makeBench({ maxNumBatchedTokens: 12, longPrefillChunk: 6 });
    scheduler.add(makeSequence(1, tokens(40, 100)));
    scheduler.add(makeSequence(2, tokens(4, 200)));
    step(scheduler);
    expect(shares(step(scheduler))).toEqual([
      [2, 4, 1],
      [1, 6, 6],
    ]);
  });

  it('limits the chunk of one sequence and the number of chunks', () => {
    const { scheduler } = makeBench({ longPrefillChunk: 5, maxPrefillChunks: 2 });
    for (const id of [1, 2, 3]) scheduler.add(makeSequence(id, tokens(8, 100 * id)));
    expect(shares(step(scheduler))).toEqual([
      [1, 0, 5],
      [2, 0, 5],
    ]);
    expect(shares(step(scheduler))).toEqual([
      [1, 5, 3],
      [2, 5, 3],
    ]);
    expect(shares(step(scheduler))).toEqual([
      [1, 8, 1],
      [2, 8, 1],
      [3, 0, 5],
    ]);
  });

  it('counts the single last token of a prompt among the decodes', () => {
    const { scheduler } = makeBench({ maxNumBatchedTokens: 8, maxPrefillChunks: 1 });
    scheduler.add(makeSequence(1, tokens(9, 100)));
    step(scheduler);
    scheduler.add(makeSequence(2, tokens(5, 200)));
    const plan = step(scheduler);
    expect(shares(plan)).toEqual([
      [1, 8, 1],
      [2, 0, 5],
    ]);
    expect(plan.numDecodes).toBe(1);
  });

  it('treats a prompt of one token as a chunk: nothing is in the cache yet', () => {
    const { scheduler } = makeBench();
    scheduler.add(makeSequence(1, [5]));
    expect(step(scheduler)).toMatchObject({ numDecodes: 0, numTokens: 1 });
  });

  it('runs at most maxNumSeqs, and no more than a step has tokens or rows', () => {
    for (const limits of [{ maxNumSeqs: 2 }, { maxNumBatchedTokens: 2 }, { maxLogitRows: 2 }]) {
      const { scheduler } = makeBench(limits);
      for (const id of [1, 2, 3]) scheduler.add(makeSequence(id, [id]));
      step(scheduler);
      expect([scheduler.numRunning, scheduler.numWaiting]).toEqual([2, 1]);
    }
  });

  it('admits by priority, then by arrival', () => {
    const { scheduler } = makeBench({ maxNumSeqs: 4 });
    scheduler.add(makeSequence(1, [1], { priority: 5 }));
    scheduler.add(makeSequence(2, [2], { priority: -1 }));
    scheduler.add(makeSequence(3, [3], { priority: 5 }));
    scheduler.add(makeSequence(4, [4], { priority: 0 }));
    expect(step(scheduler).admitted.map((sequence) => sequence.id)).toEqual([2, 4, 1, 3]);
  });

  it('leaves the queue in order when its head has to wait for blocks', () => {
    const { scheduler } = makeBench({ numBlocks: 6 });
    scheduler.add(makeSequence(1, tokens(12, 100), { maxTokens: 2 }));
    scheduler.add(makeSequence(2, tokens(14, 200), { maxTokens: 5 }));
    scheduler.add(makeSequence(3, [3], { maxTokens: 5 }));
    expect(shares(step(scheduler))).toEqual([[1, 0, 12]]);
    expect(step(scheduler).finished).toHaveLength(1);
    expect(step(scheduler).admitted.map((sequence) => sequence.id)).toEqual([2, 3]);
  });

  it('admits nobody into blocks that running prefills still need', () => {
    const { scheduler } = makeBench({ numBlocks: 8, longPrefillChunk: 4 });
    scheduler.add(makeSequence(1, tokens(16, 100), { maxTokens: 1 }));
    scheduler.add(makeSequence(2, tokens(12, 200), { maxTokens: 1 }));
    scheduler.add(makeSequence(3, [3], { maxTokens: 1 }));
    expect(step(scheduler).admitted.map((sequence) => sequence.id)).toEqual([1, 2]);
    expect(step(scheduler).admitted).toEqual([]);
    const preempted = [];
    while (scheduler.hasUnfinished) preempted.push(...step(scheduler).preempted);
    expect(preempted).toEqual([]);
  });

  it('refuses to plan over a step in flight', () => {
    const { scheduler } = makeBench();
    scheduler.add(makeSequence(1, [1]));
    scheduler.plan();
    expect(() => scheduler.plan()).toThrow(InvariantError);
  });

  it('takes in thousands of waiting sequences without touching them in a step', () => {
    const { scheduler } = makeBench({ maxNumSeqs: 2 });
    for (let id = 0; id < 5_000; id++) scheduler.add(makeSequence(id, [id], { maxTokens: 1 }));
    const order: number[] = [];
    while (scheduler.hasUnfinished) {
      const plan = scheduler.plan()!;
      scheduler.commit(plan, new Map(plan.entries.map((entry) => [entry.sequence, 7])));
      order.push(...plan.admitted.map((sequence) => sequence.id));
    }
    expect(order).toEqual(Array.from({ length: 5_000 }, (_, id) => id));
  });
});

describe('canEverFit', () => {
  it('counts prompt and output against the model length and the whole pool', () => {
    const { scheduler } = makeBench({ numBlocks: 4, maxModelLen: 20 });
    const fits = (promptTokens: number, maxTokens: number) =>
      scheduler.canEverFit(makeSequence(1, tokens(promptTokens), { maxTokens }));
    expect(fits(16, 1)).toBe(true);
    expect(fits(12, 5)).toBe(true); // the 17th token is sampled, never computed
    expect(fits(12, 6)).toBe(false);
    expect(fits(17, 0)).toBe(false);
    expect(fits(0, 5)).toBe(false);
    const short = makeBench({ maxModelLen: 20 }).scheduler;
    expect(short.canEverFit(makeSequence(1, tokens(20), { maxTokens: 0 }))).toBe(true);
    expect(short.canEverFit(makeSequence(1, tokens(20), { maxTokens: 1 }))).toBe(false);
    expect(short.canEverFit(makeSequence(1, tokens(19), { maxTokens: 99 }))).toBe(true);
  });

  it('guards add, as does a taken id', () => {
    const { scheduler } = makeBench({ numBlocks: 1 });
    expect(() => scheduler.add(makeSequence(1, tokens(9)))).toThrow(InvariantError);
    scheduler.add(makeSequence(2, [1], { maxTokens: 1 }));
    expect(() => scheduler.add(makeSequence(2, [1], { maxTokens: 1 }))).toThrow(/taken/);
  });

  it('comes with checked limits', () => {
    expect(() => makeBench({ maxNumSeqs: 0 })).toThrow(/maxNumSeqs/);
    expect(() => makeBench({ longPrefillChunk: 1.5 })).toThrow(/longPrefillChunk/);
  });
});
