import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/errors.ts';
import { StepBuffers } from '../../src/ranks/step-buffers.ts';

const limits = {
  maxTokens: 8,
  maxSequences: 4,
  maxChunks: 2,
  maxLogitRows: 4,
  maxBlocksPerSequence: 3,
  numGroups: 2,
  vocabSize: 10,
};

describe('StepBuffers', () => {
  it('shows the other thread what was claimed', () => {
    const engine = StepBuffers.allocate(limits);
    const rank = new StepBuffers(engine.memory);
    engine.reset(3, 2);
    const ids = engine.claimCommon('tokenIds', 3);
    [7, 8, 9].forEach((id, index) => {
      engine.integers[ids + 2 * index] = id;
      engine.integers[ids + 2 * index + 1] = 0;
    });
    engine.claimGroup(1, 'blocks', [2, 3]);
    engine.claimGroup(1, 'contextLengths', [2, 1, 1]);

    expect([rank.numTokens, rank.numLogitRows]).toEqual([3, 2]);
    const { offset, dims } = rank.common('tokenIds');
    expect(dims).toEqual([3]);
    expect(Array.from(new BigInt64Array(rank.memory.integers, offset * 8, 3))).toEqual([7n, 8n, 9n]);
    expect(rank.group(1, 'blocks').dims).toEqual([2, 3]);
    expect(rank.group(1, 'contextLengths').dims).toEqual([2, 1, 1]);
  });

  it('gives every input a place of its own', () => {
    const buffers = StepBuffers.allocate(limits);
    buffers.reset(8, 4);
    buffers.claimCommon('tokenIds', 8);
    buffers.claimCommon('positions', 8);
    buffers.claimGroup(0, 'rows', [4, 2]);
    const ranges = [buffers.common('tokenIds'), buffers.common('positions'), buffers.group(0, 'rows')];
    expect(ranges.map(({ offset }) => offset)).toEqual([0, 8, 16]);
  });

  it('refuses a step that is larger than its buffers', () => {
    const buffers = StepBuffers.allocate(limits);
    buffers.reset(8, 4);
    expect(() => buffers.claimGroup(0, 'blocks', [1000, 1000])).toThrow(InvariantError);
  });
});
