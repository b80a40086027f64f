import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codePoints, complement, difference, intersection, union } from '../../src/grammar/code-points.ts';
import { utf8Sequences } from '../../src/grammar/utf8-ranges.ts';

const range = fc
  .tuple(fc.nat(0x10ffff), fc.nat(0x3000))
  .map(([low, width]) => [low, Math.min(low + width, 0x10ffff)] as const);
const set = fc.array(range, { maxLength: 6 }).map(codePoints);
const isIn = (code: number, ranges: readonly (readonly [number, number])[]): boolean =>
  ranges.some(([low, high]) => code >= low && code <= high);
const isSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdfff;

describe('sets of code points', () => {
  it('union, intersection, difference and complement agree with membership', () => {
    fc.assert(
      fc.property(set, set, fc.nat(0x10ffff), (a, b, anywhere) => {
        const edges = [...a, ...b].flatMap(([low, high]) => [low - 1, low, high, high + 1]);
        for (const code of [...edges, anywhere].filter(
          (value) => value >= 0 && value <= 0x10ffff && !isSurrogate(value),
        )) {
          expect(isIn(code, union(a, b))).toBe(isIn(code, a) || isIn(code, b));
          expect(isIn(code, intersection(a, b))).toBe(isIn(code, a) && isIn(code, b));
          expect(isIn(code, difference(a, b))).toBe(isIn(code, a) && !isIn(code, b));
          expect(isIn(code, complement(a))).toBe(!isIn(code, a));
        }
      }),
    );
  });
});

describe('utf8Sequences', () => {
  it('spells exactly the characters of a range', () => {
    const character = fc.nat(0x10ffff).filter((code) => !isSurrogate(code));
    fc.assert(
      fc.property(character, character, fc.array(character, { maxLength: 30 }), (a, b, others) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const sequences = [
          [low, Math.min(high, 0xd7ff)],
          [Math.max(low, 0xe000), high],
        ]
          .filter(([from, to]) => from! <= to!)
          .flatMap(([from, to]) => utf8Sequences(from!, to!));
        for (const code of [low, high, low - 1, high + 1, ...others]) {
          if (code < 0 || code > 0x10ffff || isSurrogate(code)) continue;
          const bytes = new TextEncoder().encode(String.fromCodePoint(code));
          const matching = sequences.filter(
            (sequence) =>
              sequence.length === bytes.length &&
              sequence.every(([from, to], i) => bytes[i]! >= from && bytes[i]! <= to),
          );
          // Once: two spellings of a character would be two readings of a text.
          expect(matching.length, code.toString(16)).toBe(code >= low && code <= high ? 1 : 0);
        }
      }),
    );
  });
});
