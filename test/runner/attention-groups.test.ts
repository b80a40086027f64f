import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AttentionGroup, type GroupItem, groupByShape } from '../../src/runner/attention-groups.ts';

const item = fc.record({ numQueries: fc.integer({ min: 1, max: 40 }), numBlocks: fc.integer({ min: 1, max: 30 }) });
const items = fc.array(item, { minLength: 1, maxLength: 12 });

/** Work of padded batches, stated independently: copied keys count as four products. */
function cost(
  groups: readonly Pick<AttentionGroup, 'members' | 'numQueries' | 'numBlocks'>[],
  blockSize: number,
): number {
  return groups.reduce(
    (sum, { members, numQueries, numBlocks }) =>
      sum + members.length * (numQueries + 4) * (numBlocks * blockSize + numQueries),
    0,
  );
}

/** All ways to put items into at most `numGroups` groups. */
function* partitions(count: number, numGroups: number): Generator<number[][]> {
  const groups: number[][] = [];
  function* place(index: number): Generator<number[][]> {
    if (index === count) {
      yield groups.map((group) => [...group]);
      return;
    }
    for (const group of groups) {
      group.push(index);
      yield* place(index + 1);
      group.pop();
    }
    if (groups.length < numGroups) {
      groups.push([index]);
      yield* place(index + 1);
      groups.pop();
    }
  }
  yield* place(0);
}

const shapeOf = (
  members: readonly number[],
  all: readonly GroupItem[],
): Pick<AttentionGroup, 'members' | 'numQueries' | 'numBlocks'> => ({
  members,
  numQueries: Math.max(...members.map((member) => all[member]!.numQueries)),
  numBlocks: Math.max(...members.map((member) => all[member]!.numBlocks)),
});

describe('groupByShape', () => {
  it('puts every item into exactly one group that is large enough for it', () => {
    fc.assert(
      fc.property(
        items,
        fc.integer({ min: 2, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (all, numGroups, blockStep) => {
          const groups = groupByShape(all, numGroups, 16, blockStep);
          expect(groups.length).toBeLessThanOrEqual(numGroups);
          expect(groups.flatMap(({ members }) => members).sort((a, b) => a - b)).toEqual(all.map((_, index) => index));
          for (const { members, numQueries, numBlocks } of groups) {
            const shape = shapeOf(members, all);
            expect(numQueries).toBe(shape.numQueries);
            expect(numBlocks).toBe(Math.ceil(shape.numBlocks / blockStep) * blockStep);
          }
        },
      ),
    );
  });

  it('never pads a decode to the size of a prefill chunk', () => {
    fc.assert(
      fc.property(items, fc.integer({ min: 2, max: 4 }), (all, numGroups) => {
        for (const { members, numQueries } of groupByShape(all, numGroups, 16, 4)) {
          for (const member of members) expect(all[member]!.numQueries === 1).toBe(numQueries === 1);
        }
      }),
    );
  });

  it('finds the least padded work where sequences differ in one size only', () => {
    const decodes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(decodes, fc.integer({ min: 2, max: 3 }), (blocks, numGroups) => {
        const all = blocks.map((numBlocks) => ({ numQueries: 1, numBlocks }));
        const best = Math.min(
          ...Array.from(partitions(all.length, numGroups), (partition) =>
            cost(
              partition.map((members) => shapeOf(members, all)),
              16,
            ),
          ),
        );
        expect(cost(groupByShape(all, numGroups, 16, 1), 16)).toBe(best);
      }),
    );
  });
});
