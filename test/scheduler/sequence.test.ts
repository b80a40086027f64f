import { expect, it } from 'vitest';
import { makeSequence } from './helpers.ts';

it('reads prompt and output as one run of tokens', () => {
  const sequence = makeSequence(1, [10, 11]);
  sequence.outputTokenIds.push(12);
  expect([0, 1, 2].map((position) => sequence.tokenAt(position))).toEqual([10, 11, 12]);
  expect([sequence.numPromptTokens, sequence.numOutputTokens, sequence.numTokens]).toEqual([2, 1, 3]);
  expect(() => sequence.tokenAt(3)).toThrow(RangeError);
  expect(() => sequence.tokenAt(-1)).toThrow(RangeError);
});

it('counts what is left to compute and to score', () => {
  const sequence = makeSequence(1, [10, 11], { promptLogprobs: 0 });
  expect(sequence.isScoring).toBe(true);
  sequence.numComputedTokens = 1;
  sequence.numScoredTokens = 2;
  expect(sequence.numRemainingTokens).toBe(1);
  expect(sequence.isScoring).toBe(false);
  expect(makeSequence(2, [10]).isScoring).toBe(false);
});
