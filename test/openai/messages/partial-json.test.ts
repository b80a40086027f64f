import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePartialObject } from '../../../src/openai/messages/partial-json.ts';

describe('parsePartialObject', () => {
  it.each([
    ['{"a":1,"b":[1,{"c":"x"}]}', { a: 1, b: [1, { c: 'x' }] }],
    ['{"a":1,"b":"cut of', { a: 1 }],
    ['{"a":1,"b', { a: 1 }],
    ['{"a":1,"b":[1,2,3', { a: 1, b: [1, 2] }],
    ['{"a":{"b":"}],{","c":', { a: { b: '}],{' } }],
    ['{"a":"\\"', {}],
    ['{', {}],
    ['', {}],
    ['[1,2]', {}],
    ['nonsense', {}],
    ['}}{{', {}],
    ['"text"', {}],
  ])('%s', (text, value) => {
    expect(parsePartialObject(text)).toEqual(value);
  });

  it('of any object cut anywhere gives what is complete', () => {
    const json = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }));
    fc.assert(
      fc.property(json, fc.double({ min: 0, max: 1, noNaN: true }), (value, share) => {
        const text = JSON.stringify(value);
        expect(parsePartialObject(text)).toEqual(JSON.parse(text));
        const cut = parsePartialObject(text.slice(0, Math.floor(share * text.length)));
        const whole = Object.entries(JSON.parse(text) as object);
        const entries = Object.entries(cut);
        // All members but the last are the object's own; the last may be the beginning of one.
        expect(entries.slice(0, -1)).toEqual(whole.slice(0, Math.max(0, entries.length - 1)));
        expect(Object.keys(cut)).toEqual(whole.slice(0, entries.length).map(([key]) => key));
      }),
      { numRuns: 500 },
    );
  });
});
