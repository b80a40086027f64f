import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PackPlan, RowSource } from '../../src/deepseek-v2/packed-weights.ts';
import { FLOAT32 } from '../../src/deepseek-v2/precision.ts';
import { layOut } from '../../src/packing/layout.ts';
import { blockCapacity, packBlocks } from '../../src/packing/pack-blocks.ts';

const WIDTH = 5;
const source: fc.Arbitrary<RowSource> = fc.oneof(
  fc.record({
    kind: fc.constant('rows' as const),
    tensor: fc.constantFrom('a', 'b'),
    start: fc.nat(9),
    count: fc.integer({ min: 1, max: 20 }),
  }),
  fc.record({
    kind: fc.constant('rows' as const),
    tensor: fc.constant('wide'),
    start: fc.nat(9),
    count: fc.integer({ min: 1, max: 20 }),
    columns: fc.nat(8).map((from) => ({ from, to: from + WIDTH })),
  }),
  fc.record({
    kind: fc.constant('interleave' as const),
    first: fc.constant('a'),
    second: fc.constant('b'),
    start: fc.nat(9),
    count: fc.integer({ min: 1, max: 20 }),
  }),
);

/** Tensor, row and first column of every row of the file, in order, straight from the plan. */
const rowsOfSource = (s: RowSource): string[] =>
  Array.from({ length: s.count }, (_, i) => s.start + i).flatMap((row) =>
    s.kind === 'rows'
      ? [`${s.tensor} ${row} ${s.columns?.from ?? 0}`]
      : [`${s.first} ${row} 0`, `${s.second} ${row} 0`],
  );

describe('packBlocks', () => {
  it('covers every row once, in order, within its capacity', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(source, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 80 }),
        (lists, wanted) => {
          const tensors = lists.map((sources, i) => ({
            name: `t${i}`,
            shape: [sources.flatMap(rowsOfSource).length, WIDTH],
            sources,
          }));
          const plan: PackPlan = {
            tensors,
            sourceShapes: new Map([
              ['a', [30, WIDTH]],
              ['b', [30, WIDTH]],
              ['wide', [30, 2 * WIDTH + 3]],
            ]),
          };
          const layout = layOut(plan, FLOAT32);
          const capacity = blockCapacity(plan, wanted);
          const placed = new Map<number, string>();
          for (const { byteOffset, elements, segments } of packBlocks(plan, layout, capacity)) {
            expect(elements).toBeLessThanOrEqual(capacity);
            for (const { tensors: parts, rowStart, rowCount, width, firstColumn, at } of segments) {
              expect(at + parts.length * rowCount * width).toBeLessThanOrEqual(elements);
              for (let row = 0; row < rowCount; row++) {
                for (const [part, tensor] of parts.entries()) {
                  const position = byteOffset + 4 * (at + (row * parts.length + part) * width);
                  expect(placed.has(position)).toBe(false);
                  placed.set(position, `${tensor} ${rowStart + row} ${firstColumn}`);
                }
              }
            }
          }
          for (const { name, sources } of tensors) {
            const { offset } = layout.tensors.get(name)!;
            for (const [i, row] of sources.flatMap(rowsOfSource).entries()) {
              expect(placed.get(offset + 4 * WIDTH * i)).toBe(row);
              placed.delete(offset + 4 * WIDTH * i);
            }
          }
          expect(placed.size).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});
