import { expect, it } from 'vitest';
import { PagedStepBuffers } from '../../src/ranks/paged-step-buffers.ts';
import type { Rank } from '../../src/ranks/rank.ts';
import { PagedRunner } from '../../src/runner/paged-runner.ts';
import { LocalRankGroup } from '../support/local-rank-group.ts';

const LIMITS = { maxTokens: 64, maxSequences: 4, maxLogitRows: 4, maxBlocksPerSequence: 8, vocabSize: 5 };

/** What a rank is told of a step whose sequences compute `count` tokens on top of `start` cached ones. */
function shapeOf(decodeBuckets: readonly number[], ...sequences: readonly (readonly [start: number, count: number])[]) {
  const buffers = PagedStepBuffers.allocate(LIMITS);
  const rank: Rank = { begin: () => {}, finish: () => true, [Symbol.dispose]: () => {} };
  const runner = new PagedRunner(new LocalRankGroup<readonly PagedStepBuffers[]>(rank, buffers), {
    blockSize: 8,
    decodeBuckets,
  });
  const entries = sequences.map(([start, count]) => ({
    sequence: { tokenAt: () => 0 },
    start,
    count,
    blockTable: [0, 1, 2, 3, 4, 5, 6, 7],
    samples: true,
    wantsAllRows: false,
  }));
  runner.start({ entries, numTokens: entries.reduce((sum, { count }) => sum + count, 0) });
  const { numDecodes, firstFreshSequence, firstFreshToken } = buffers[0]!.shape;
  return [numDecodes, firstFreshSequence, firstFreshToken];
}

it('says from where on chunks have nothing in the cache', () => {
  expect(shapeOf([], [0, 9], [0, 1], [0, 2])).toEqual([0, 0, 0]);
  expect(shapeOf([], [20, 1], [0, 1], [0, 9])).toEqual([2, 2, 2]);
  expect(shapeOf([], [20, 1], [8, 5], [16, 3], [0, 9])).toEqual([1, 3, 9]);
  expect(shapeOf([], [8, 5], [0, 1], [0, 9])).toEqual([0, 1, 5]);
});

it('says so as well where there are none', () => {
  expect(shapeOf([], [0, 9], [8, 5])).toEqual([0, 2, 14]);
  expect(shapeOf([], [0, 9], [20, 1])).toEqual([0, 2, 10]);
  expect(shapeOf([], [0, 1], [0, 1])).toEqual([2, 2, 2]);
  expect(shapeOf([4], [20, 1], [0, 1])).toEqual([4, 4, 4]);
});
