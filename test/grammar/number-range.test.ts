import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accepts, loadSchema, randomFrom, walk } from './support/grammar-bench.ts';

const bound = fc.oneof(
  fc.integer({ min: -1200, max: 1200 }),
  fc.tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.integer({ min: 0, max: 4 })).map(([n, e]) => n / 10 ** e),
  fc.constantFrom(0, -0.001, 1e-7, 123_456_789.125, -1e15, 2 ** 53, 1e21),
);

/** A range that holds something, and whether each end belongs to it. */
const range = fc
  .tuple(fc.option(bound), fc.option(bound), fc.boolean(), fc.boolean())
  .filter(([low, high]) => low === null || high === null || low < high - 1e-3)
  .map(([low, high, isLowOut, isHighOut]) => ({
    ...(low === null ? {} : { [isLowOut ? 'exclusiveMinimum' : 'minimum']: low }),
    ...(high === null ? {} : { [isHighOut ? 'exclusiveMaximum' : 'maximum']: high }),
  }));
type Range = Partial<Record<'minimum' | 'maximum' | 'exclusiveMinimum' | 'exclusiveMaximum', number>>;

function isWithin(value: number, { minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Range): boolean {
  return (
    value >= (minimum ?? Number.NEGATIVE_INFINITY) &&
    value <= (maximum ?? Number.POSITIVE_INFINITY) &&
    value > (exclusiveMinimum ?? Number.NEGATIVE_INFINITY) &&
    value < (exclusiveMaximum ?? Number.POSITIVE_INFINITY)
  );
}

/** Numbers near the bounds, and others, with few enough digits to be in the range's own form. */
function probes(bounds: Range, others: readonly number[]): number[] {
  const steps = [0, 1, -1, 0.5, -0.5, 0.001, -0.001];
  const near = Object.values(bounds).flatMap((value) => steps.map((step) => Number((value + step).toFixed(4))));
  return [...near, ...others].filter((value) => Math.abs(value) < 1e15 && !Object.is(value, -0));
}

describe('ranges of numbers', () => {
  it('takes exactly the decimals within', () => {
    fc.assert(
      fc.property(
        range,
        fc.array(fc.integer({ min: -1_500_000, max: 1_500_000 }).map((n) => n / 1000)),
        (bounds, others) => {
          const grammar = loadSchema({ type: 'number', ...bounds });
          for (const value of probes(bounds, others)) {
            const text = value.toString();
            if (text.includes('e')) continue;
            expect(accepts(grammar, text), `${text} in ${JSON.stringify(bounds)}`).toBe(isWithin(value, bounds));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('takes exactly the integers within', () => {
    fc.assert(
      fc.property(range, fc.array(fc.integer({ min: -1500, max: 1500 })), (bounds, others) => {
        const integers = probes(bounds, others).filter(Number.isInteger);
        if (!integers.some((value) => isWithin(value, bounds))) return;
        const grammar = loadSchema({ type: 'integer', ...bounds });
        for (const value of integers) {
          expect(accepts(grammar, String(value)), `${value} in ${JSON.stringify(bounds)}`).toBe(
            isWithin(value, bounds),
          );
        }
      }),
      { numRuns: 60 },
    );
  });

  it('writes numbers that are within when they are read as doubles', () => {
    fc.assert(
      fc.property(range, fc.boolean(), fc.integer(), (bounds, isLong, seed) => {
        const grammar = loadSchema({ type: 'number', ...bounds });
        const { text, hasEnded } = walk(grammar, randomFrom(seed), false, isLong ? 60 : 5);
        if (hasEnded) expect(isWithin(JSON.parse(text), bounds), `${text} in ${JSON.stringify(bounds)}`).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
