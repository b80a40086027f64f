import { describe, expect, it } from 'vitest';
import { SLICE_LENGTH, slicedJson, TEXT_SLICE_LENGTH } from '../../src/openai/sliced-json.ts';

const numbers = (length: number): number[] => Array.from({ length }, (_, i) => i);

describe('slicedJson', () => {
  it.each([
    ['an empty object', {}],
    [
      'short values',
      { count: 1, text: 'é"\n\u{1F600}\uD800', list: [1, 'a', null, []], none: null, 'a"b': { c: [true] } },
    ],
    ['a list of one slice', { list: numbers(SLICE_LENGTH) }],
    ['lists around the ends of slices', { a: numbers(SLICE_LENGTH + 1), b: [], c: numbers(2 * SLICE_LENGTH), d: 1 }],
    ['a list of texts', { list: numbers(SLICE_LENGTH * 2 + 7).map((i) => `"${i}\u{1F600}`), last: 'x' }],
    ['a text of one slice', { text: 'x'.repeat(TEXT_SLICE_LENGTH), last: 0 }],
    ['a pair across the end of a slice', { text: `a${'\u{1F600}'.repeat(TEXT_SLICE_LENGTH)}` }],
    ['pairs at the ends of slices', { text: `${'\u{1F600}"'.repeat(TEXT_SLICE_LENGTH / 2)}\uD800` }],
  ])('is JSON.stringify for %s', async (_, answer) => {
    const expected = Buffer.from(JSON.stringify(answer));
    expect((await slicedJson(answer)).equals(expected)).toBe(true);
  });

  it('lets other work go on between the slices of a long list, and answers a short one in the same turn', async () => {
    const turnsDuring = async (answer: object): Promise<number> => {
      let turns = 0;
      let isOver = false;
      const count = (): void => {
        turns++;
        if (!isOver) setImmediate(count);
      };
      setImmediate(count);
      await slicedJson(answer);
      isOver = true;
      return turns;
    };
    expect(await turnsDuring({ list: numbers(10 * SLICE_LENGTH) })).toBeGreaterThanOrEqual(9);
    expect(await turnsDuring({ list: numbers(10) })).toBe(0);
  });
});
