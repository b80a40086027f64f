import fc from 'fast-check';
import { expect, it } from 'vitest';
import { choiceSeed } from '../../src/openai/choice-seed.ts';

it('keeps the seed of the first choice', () => {
  fc.assert(fc.property(fc.maxSafeInteger(), (seed) => choiceSeed(seed, 0) === seed));
});

it('spreads the others over safe integers without collisions', () => {
  const seeds = new Set<number>();
  for (let seed = -50; seed < 50; seed++) {
    for (let index = 0; index < 100; index++) {
      const derived = choiceSeed(seed, index);
      expect(Number.isSafeInteger(derived)).toBe(true);
      if (index > 0) seeds.add(derived);
    }
  }
  expect(seeds.size).toBe(100 * 99);
});

it('is splitmix64 (first outputs for the seed 1234567, from the reference implementation)', () => {
  // Steele et al.; the published test vector of the public-domain splitmix64.c.
  const vector = [6457827717110365317n, 3203168211198807973n, 9817491932198370423n, 4593380528125082431n];
  for (const [index, expected] of vector.entries()) {
    if (index > 0) expect(choiceSeed(1234567, index)).toBe(Number(expected >> 11n));
  }
});

it('folds 64-bit seeds', () => {
  const [a, b] = [choiceSeed(2 ** 63, 0), choiceSeed(2 ** 62, 0)];
  expect(Number.isSafeInteger(a)).toBe(true);
  expect(a).not.toBe(b);
  expect(choiceSeed(-(2 ** 63), 0)).toBeGreaterThanOrEqual(0);
});
