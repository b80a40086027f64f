import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SimulationOptions, type SimulationSummary, simulate } from './simulation.ts';

const limit = (max: number) => fc.oneof(fc.integer({ min: 1, max }), fc.constant(Number.POSITIVE_INFINITY));

const anyOptions: fc.Arbitrary<SimulationOptions> = fc.record({
  seed: fc.integer({ min: 0 }),
  numBlocks: fc.integer({ min: 1, max: 24 }),
  blockSize: fc.integer({ min: 1, max: 5 }),
  enablePrefixCaching: fc.boolean(),
  numSequences: fc.integer({ min: 1, max: 25 }),
  arrivalRate: fc.double({ min: 0.1, max: 1.9, noNaN: true }),
  abortRate: fc.double({ min: 0, max: 0.3, noNaN: true }),
  vocabSize: fc.integer({ min: 2, max: 40 }),
  maxNumSeqs: fc.integer({ min: 1, max: 12 }),
  maxNumBatchedTokens: fc.integer({ min: 1, max: 60 }),
  maxModelLen: fc.integer({ min: 2, max: 40 }),
  maxPrefillChunks: limit(3),
  maxLogitRows: fc.integer({ min: 1, max: 40 }),
  longPrefillChunk: limit(12),
});

const busy: SimulationOptions = {
  seed: 1,
  numBlocks: 40,
  blockSize: 4,
  enablePrefixCaching: true,
  numSequences: 400,
  arrivalRate: 0.8,
  abortRate: 0.05,
  vocabSize: 30,
  maxNumSeqs: 16,
  maxNumBatchedTokens: 64,
  maxModelLen: 80,
  maxPrefillChunks: Number.POSITIVE_INFINITY,
  maxLogitRows: 40,
  longPrefillChunk: 32,
};

/** A step computes at least one token for good, so nothing takes longer than its tokens, preemptions included. */
function maxSteps(options: SimulationOptions): number {
  const idleSteps = (20 * options.numSequences) / options.arrivalRate;
  return idleSteps + 3 * options.numSequences * options.maxModelLen;
}

describe('scheduler under random traffic', () => {
  it('keeps every rule with any limits', () => {
    fc.assert(
      fc.property(anyOptions, (options) => {
        expect(simulate(options).numSteps).toBeLessThan(maxSteps(options));
      }),
      { numRuns: 150 },
    );
  });

  it.each([1, 2, 3])('keeps every rule in a long run with a tight pool (seed %i)', (seed) => {
    const summary = simulate({ ...busy, seed });
    expect(summary.numSteps).toBeGreaterThan(1_000);
    expect(summary.numSteps).toBeLessThan(maxSteps(busy));
    expectPlenty(summary);
  });

  it('keeps every rule in a long run with one chunk a step', () => {
    expectPlenty(simulate({ ...busy, numBlocks: 24, maxPrefillChunks: 1, longPrefillChunk: 9, abortRate: 0.02 }));
  });

  it('keeps every rule without prefix caching', () => {
    const summary = simulate({ ...busy, enablePrefixCaching: false });
    expect(summary.numCachedTokens).toBe(0);
    expect(summary.numPreemptions).toBeGreaterThan(20);
  });
});

/** The run met what it is there to test. */
function expectPlenty(summary: SimulationSummary): void {
  expect(summary.numPreemptions).toBeGreaterThan(20);
  expect(summary.numCachedTokens).toBeGreaterThan(200);
  expect(summary.numAbortsInFlight).toBeGreaterThan(5);
  expect(summary.numFinished).toBeGreaterThan(150);
}
