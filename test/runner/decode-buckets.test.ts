import { expect, it } from 'vitest';
import { decodeBuckets } from '../../src/runner/decode-buckets.ts';

it.each([
  [1, [1]],
  [3, [1, 2, 4]],
  [16, [1, 2, 4, 8, 16]],
  [17, [1, 2, 4, 8, 16, 32]],
  [64, [1, 2, 4, 8, 16, 32, 48, 64]],
])('the last bucket holds %i sequences', (maxNumSeqs, expected) => {
  expect(decodeBuckets(maxNumSeqs)).toEqual(expected);
});
