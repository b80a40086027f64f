import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accepts, load, randomFrom, refusal, walk } from './support/grammar-bench.ts';

// The JavaScript engine is the oracle: what it matches as a whole, and nothing else.
const patterns = [
  'abc|abd|x',
  '[a-f0-9]{8}',
  '[A-Z][a-z]*( [A-Z][a-z]*)?',
  '(\\d{1,3}\\.){3}\\d{1,3}',
  '\\s*\\w+\\W?',
  '[^\\d\\s]{2,30}',
  'a{0,3}b{2,}c?',
  '(?:ab|a)(?:bc|c)',
  '(?<year>\\d{4})-(?<month>0[1-9]|1[0-2])',
  'é+|日本|\\u{1F600}|\\u00e9|\\x41',
  '^start.*end$',
  '(a+)+b',
  '.{10,20}',
  '[\\]\\-\\\\^a]+',
  '\\p{Lu}\\p{Ll}+',
  '',
  'yes|no|',
  '(a|b)*abb',
  '\\+?[0-9]{9,15}',
];

function isWholeMatch(pattern: string, text: string): boolean {
  return new RegExp(`^(?:${pattern})$`, 'u').test(text);
}

describe('regular expressions', () => {
  it.each(patterns)('outputs match %s', (pattern) => {
    const grammar = load({ type: 'regex', pattern });
    const random = randomFrom(pattern.length + 1);
    for (let round = 0; round < 20; round++) {
      const { text, hasEnded } = walk(grammar, random, false, 60);
      if (hasEnded) expect(isWholeMatch(pattern, text), JSON.stringify(text)).toBe(true);
    }
  });

  it.each(patterns)('exactly the matches of %s are taken', (pattern) => {
    const grammar = load({ type: 'regex', pattern });
    const others = fc.string({ unit: fc.constantFrom(...'aabbc0123.- \\]^xyzé日+Ab'), maxLength: 8 });
    // What the generator cannot read.
    const isHard = pattern === '' || pattern.includes('\\p');
    const near = isHard ? others : fc.stringMatching(new RegExp(`^(?:${pattern})$`, 'u'));
    fc.assert(
      fc.property(fc.oneof(near, others), (text) => {
        expect(accepts(grammar, text), JSON.stringify(text)).toBe(isWholeMatch(pattern, text));
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['(?=a)b', 'lookahead'],
    ['(?!a)b', 'lookahead'],
    ['(?<=a)b', 'lookbehind'],
    ['(a)\\1', 'back reference'],
    ['a\\bc', 'word boundary'],
    ['a^b', '^ in the middle'],
    ['(a$)b', '$ in the middle'],
    ['[', 'not a regular expression'],
    ['(ab|abc){100000}', 'repeats too much'],
    ['a'.repeat(10_001), 'longer than'],
  ])('%s is refused', (pattern, reason) => {
    expect(refusal({ type: 'regex', pattern }).message).toContain(reason);
  });
});
