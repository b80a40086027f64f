import { describe, expect, it } from 'vitest';
import { makeBench, makeSequence, shares, step, tokens } from './helpers.ts';

describe('preemption', () => {
  it('takes the blocks of the youngest, which waits in front and keeps its output', () => {
    const { scheduler } = makeBench({ numBlocks: 7, enablePrefixCaching: false });
    const old = makeSequence(1, tokens(8, 100), { maxTokens: 20 });
    const young = makeSequence(2, tokens(8, 200), { maxTokens: 20 });
    scheduler.add(old);
    scheduler.add(young);
    let plan = step(scheduler);
    scheduler.add(makeSequence(3, tokens(8, 300), { maxTokens: 20 }));
    while (plan.preempted.length === 0) plan = step(scheduler);
    // 7 blocks: each holds 3 when the old one takes the last, for its 13th token; at its 17th it takes from the young one.
    expect(plan.preempted).toEqual([young]);
    expect(shares(plan)).toEqual([[1, 16, 1]]);
    expect([young.status, young.numPreemptions, young.numOutputTokens]).toEqual(['waiting', 1, 5]);
    expect([young.numComputedTokens, young.blockTable]).toEqual([0, []]);
    const known = young.numTokens;
    while (old.status === 'running') step(scheduler);
    const again = step(scheduler);
    expect(again.admitted[0]).toBe(young);
    expect(shares(again)[0]).toEqual([2, 0, known]);
    expect(again.entries[0]!.samples).toBe(true);
  });

  it('pauses the youngest while nobody needs its blocks', () => {
    const { scheduler } = makeBench({ numBlocks: 7, enablePrefixCaching: false });
    const old = makeSequence(1, tokens(8, 100), { maxTokens: 7 });
    const young = makeSequence(2, tokens(8, 200), { maxTokens: 20 });
    scheduler.add(old);
    scheduler.add(young);
    while (old.status !== 'finished') step(scheduler);
    expect([young.numPreemptions, young.numOutputTokens]).toEqual([0, 5]);
    expect(shares(step(scheduler))).toEqual([[2, 12, 1]]);
  });

  it('finds the worst priority before the youngest', () => {
    const { scheduler } = makeBench({ numBlocks: 7, enablePrefixCaching: false });
    const low = makeSequence(1, tokens(8, 100), { maxTokens: 20, priority: 1 });
    const high = makeSequence(2, tokens(8, 200), { maxTokens: 20, priority: 0 });
    scheduler.add(low);
    scheduler.add(high);
    while (high.status !== 'finished') step(scheduler);
    expect([low.numPreemptions, high.numPreemptions]).toEqual([1, 0]);
    while (scheduler.hasUnfinished) step(scheduler);
    expect(low.numOutputTokens).toBe(20);
  });

  it('lets a better-ranked prefill take blocks from running decodes', () => {
    const { scheduler } = makeBench({ numBlocks: 8, longPrefillChunk: 4, enablePrefixCaching: false });
    const urgent = makeSequence(1, tokens(16, 100), { maxTokens: 8, priority: -1 });
    const others = [2, 3].map((id) => makeSequence(id, tokens(4, 100 * id), { maxTokens: 20 }));
    for (const sequence of others) scheduler.add(sequence);
    step(scheduler);
    scheduler.add(urgent);
    while (urgent.status !== 'finished') {
      const plan = step(scheduler);
      const isRunning = plan.admitted.includes(urgent) || urgent.numComputedTokens > 0;
      if (isRunning) expect(plan.entries.some((entry) => entry.sequence === urgent)).toBe(true);
    }
    expect(urgent.numPreemptions).toBe(0);
    while (scheduler.hasUnfinished) step(scheduler);
    expect(others.map((sequence) => sequence.numOutputTokens)).toEqual([20, 20]);
  });

  it('gives the tokens of a preempted decode to a prefill in the same step', () => {
    const { scheduler } = makeBench({ numBlocks: 9, maxNumBatchedTokens: 3, enablePrefixCaching: false });
    scheduler.add(makeSequence(1, [1], { maxTokens: 24, priority: 0 }));
    scheduler.add(makeSequence(3, [3], { maxTokens: 24, priority: 2 }));
    step(scheduler);
    scheduler.add(makeSequence(2, tokens(20), { maxTokens: 4, priority: 1 }));
    let plan = step(scheduler);
    while (plan.preempted.length === 0) plan = step(scheduler);
    expect(plan.preempted.map((sequence) => sequence.id)).toEqual([3]);
    expect(plan.entries.map((entry) => [entry.sequence.id, entry.count])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it('resumes from what the prefix cache still holds', () => {
    const { scheduler } = makeBench({ numBlocks: 7 });
    const old = makeSequence(1, tokens(8, 100), { maxTokens: 16 });
    const young = makeSequence(2, tokens(8, 200), { maxTokens: 20 });
    scheduler.add(old);
    scheduler.add(young);
    while (young.numPreemptions === 0) step(scheduler);
    let plan = step(scheduler);
    while (plan.admitted.length === 0) plan = step(scheduler);
    // The old one needed two of the young one's three blocks: the tail went first.
    expect(shares(plan)).toEqual([[2, 4, 9]]);
    expect(young.numCachedTokens).toBe(0);
    while (scheduler.hasUnfinished) step(scheduler);
    expect(young.numOutputTokens).toBe(20);
  });

  it.each([true, false])(
    'hands out the logits of each prompt position once (prefix caching %s)',
    (enablePrefixCaching) => {
      const { scheduler } = makeBench({ numBlocks: 9, longPrefillChunk: 1, enablePrefixCaching });
      const scored = makeSequence(1, tokens(20, 100), { maxTokens: 2, promptLogprobs: 0, priority: 1 });
      const rows: number[] = [];
      scheduler.add(scored);
      while (scheduler.hasUnfinished) {
        const { entries } = step(scheduler);
        for (const entry of entries) {
          if (entry.wantsAllRows) rows.push(...tokens(entry.count, entry.start));
        }
        // Two that grow faster than the scored one advances and need its blocks halfway.
        if (rows.length === 2 && scheduler.numRunning === 1) {
          for (const id of [2, 3]) scheduler.add(makeSequence(id, [id], { maxTokens: 17 }));
        }
        if (scored.numPreemptions > 0) expect(rows.length).toBeGreaterThan(8);
      }
      expect(scored.numPreemptions).toBe(1);
      expect(rows).toEqual(tokens(20, 0));
    },
  );
});
