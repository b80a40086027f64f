import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/errors.ts';
import { commit, EOS, makeBench, makeSequence, step, tokens } from './helpers.ts';

describe('commit', () => {
  it('ends a sequence at its end token and frees its blocks in the same step', () => {
    const { scheduler, pool } = makeBench();
    const sequence = makeSequence(1, tokens(5));
    scheduler.add(sequence);
    step(scheduler);
    expect(pool.numUsedBlocks).toBe(2);
    expect(step(scheduler, EOS).finished).toEqual([{ sequence, reason: 'stop', stopReason: null }]);
    expect(sequence.status).toBe('finished');
    expect(sequence.outputTokenIds).toEqual([7, EOS]);
    expect(pool.numUsedBlocks).toBe(0);
    expect(scheduler.hasUnfinished).toBe(false);
    expect(scheduler.plan()).toBeNull();
  });

  it('ends at maxTokens and at maxModelLen by length', () => {
    const { scheduler } = makeBench({ maxModelLen: 8 });
    const short = makeSequence(1, [1], { maxTokens: 3 });
    const long = makeSequence(2, [2], { maxTokens: 100 });
    scheduler.add(short);
    scheduler.add(long);
    const finished = [1, 2, 3, 4, 5, 6, 7].flatMap(() => step(scheduler).finished);
    expect(finished.map((end) => [end.sequence, end.reason])).toEqual([
      [short, 'length'],
      [long, 'length'],
    ]);
    expect(long.numTokens).toBe(8);
  });

  it('ends a sequence of maxTokens 0 once its prompt is computed, without a token', () => {
    const { scheduler } = makeBench({ maxNumBatchedTokens: 4 });
    const sequence = makeSequence(1, tokens(6), { maxTokens: 0, promptLogprobs: 0 });
    scheduler.add(sequence);
    const plans = [step(scheduler), step(scheduler)];
    expect(plans.map((plan) => plan.entries[0]!.samples)).toEqual([false, false]);
    expect(plans.map((plan) => plan.entries[0]!.wantsAllRows)).toEqual([true, true]);
    expect(plans.map((plan) => plan.finished.length)).toEqual([0, 1]);
    expect(plans[1]!.finished[0]).toMatchObject({ sequence, reason: 'length', stopReason: null });
    expect(sequence.outputTokenIds).toEqual([]);
  });

  it('takes only the step in flight, with all its tokens', () => {
    const { scheduler } = makeBench();
    scheduler.add(makeSequence(1, [1]));
    const plan = scheduler.plan()!;
    expect(() => scheduler.commit({ ...plan }, new Map())).toThrow(InvariantError);
    expect(() => scheduler.commit(plan, new Map())).toThrow(/no token/);
  });

  it('cannot be repeated', () => {
    const { scheduler } = makeBench();
    scheduler.add(makeSequence(1, [1]));
    const plan = scheduler.plan()!;
    commit(scheduler, plan);
    expect(() => commit(scheduler, plan)).toThrow(InvariantError);
  });
});

describe('prompt log-probabilities', () => {
  it('keep the wanted rows of a step within maxLogitRows', () => {
    const { scheduler } = makeBench({ maxLogitRows: 5 });
    scheduler.add(makeSequence(1, [1]));
    step(scheduler);
    scheduler.add(makeSequence(2, tokens(9), { promptLogprobs: 3 }));
    const counts = [1, 2, 3].map(() => step(scheduler).entries.map((entry) => entry.count));
    expect(counts).toEqual([
      [1, 4],
      [1, 4],
      [1, 1],
    ]);
  });

  it('leave a chunk one token short when its row would be too many', () => {
    const { scheduler } = makeBench({ maxLogitRows: 2, maxNumSeqs: 2 });
    scheduler.add(makeSequence(1, tokens(9, 100), { promptLogprobs: 0, maxTokens: 1 }));
    scheduler.add(makeSequence(2, tokens(6, 200)));
    const plan = step(scheduler);
    expect(plan.entries.map((entry) => [entry.count, entry.samples])).toEqual([
      [2, false],
      [5, false],
    ]);
  });

  it('take no part of the prompt from the cache but leave theirs to others', () => {
    const { scheduler } = makeBench();
    const prompt = tokens(9);
    scheduler.add(makeSequence(1, prompt, { maxTokens: 1 }));
    step(scheduler);
    const scored = makeSequence(2, prompt, { maxTokens: 1, promptLogprobs: 0 });
    scheduler.add(scored);
    const plan = step(scheduler);
    expect(plan.entries[0]).toMatchObject({ start: 0, count: 9, wantsAllRows: true, samples: true });
    expect([scored.numCachedTokens, scored.numScoredTokens]).toEqual([0, 9]);
  });
});
