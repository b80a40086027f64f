import { expect } from 'vitest';
import { type FIXTURES, readGoldens } from '../support/goldens.ts';
import type { Output } from '../support/local-engine.ts';

const NUM_PROMPTS = 6;
const MOST_TOKENS = 8;

/** A few of a fixture's prompts, each to be answered with a few tokens: JavaScript is slow. */
export function shortPrompts(name: (typeof FIXTURES)[number]): { prompt: number[]; count: number }[] {
  return readGoldens(name)
    .slice(0, NUM_PROMPTS)
    .map(({ prompt, tokens }) => ({ prompt, count: Math.min(MOST_TOKENS, tokens.length) }));
}

/** Expects the same tokens, and log-probabilities that differ by less than `bound`. */
export function expectSameAnswers(outputs: readonly Output[], wanted: readonly Output[], bound: number): void {
  expect(outputs.map(({ tokens }) => tokens)).toEqual(wanted.map(({ tokens }) => tokens));
  outputs.forEach(({ logprobs }, index) => {
    logprobs.forEach(({ logprob }, i) => {
      expect(Math.abs(logprob - wanted[index]!.logprobs[i]!.logprob)).toBeLessThan(bound);
    });
  });
}
