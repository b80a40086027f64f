import { expect, test } from 'vitest';
import { philox4x32, uniformAt, type Words4 } from '../../src/sampling/random.ts';

// Random123, tests/kat_vectors, "philox4x32 10": counter, key, result.
const KNOWN_ANSWERS: [Words4, [number, number], Words4][] = [
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
];

test.each(KNOWN_ANSWERS)('philox4x32-10 gives the published words', (counter, key, expected) => {
  expect(philox4x32(counter, key[0], key[1])).toEqual(expected);
});

test('draws of one seed are uniform and independent of those of the next seed', () => {
  const draws = 100_000;
  const bins = new Float64Array(100);
  let correlation = 0;
  for (let i = 0; i < draws; i++) {
    const value = uniformAt(42, i);
    const bin = Math.floor(value * bins.length);
    bins[bin] = bins[bin]! + 1;
    correlation += (value - 0.5) * (uniformAt(43, i) - 0.5) * 12;
  }
  const expected = draws / bins.length;
  const chiSquare = bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  expect(chiSquare).toBeLessThan(148.2); // 99 degrees of freedom, p = 0.001
  expect(Math.abs(correlation / draws)).toBeLessThan(3.3 / Math.sqrt(draws));
});

test('every bit of a safe integer seed and of the index counts', () => {
  const seeds = [0, 1, -1, 2 ** 32, 2 ** 32 + 1, -(2 ** 32), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
  const values = new Set([...seeds.map((seed) => uniformAt(seed, 0)), uniformAt(0, 1), uniformAt(0, 2 ** 32)]);
  expect(values.size).toBe(seeds.length + 2);
  for (const value of values) expect(value >= 0 && value < 1).toBe(true);
});
