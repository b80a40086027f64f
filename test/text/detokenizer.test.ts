import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamingDetokenizer } from '../../src/text/detokenizer.ts';
import { readGolden, tokenizer } from './fixtures.ts';

const decodings = readGolden<{ ids: number[]; all: string; skipped: string }[]>('decodings');

function stream(ids: readonly number[], skipSpecialTokens: boolean, stripLeadingSpace = false): string[] {
  const detokenizer = new StreamingDetokenizer(tokenizer, { skipSpecialTokens, stripLeadingSpace });
  return [...ids.map((id) => detokenizer.push(id)), detokenizer.flush()];
}

/** Mostly tokens of single bytes and special ones, where characters get cut; a few ids that do not exist. */
const anyId = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 242 }) },
  { weight: 2, arbitrary: fc.integer({ min: 243, max: 1999 }) },
  { weight: 1, arbitrary: fc.integer({ min: 2000, max: 2020 }) },
);

describe('StreamingDetokenizer', () => {
  it('gives the texts of the Rust library, token by token', () => {
    for (const { ids, all, skipped } of decodings) {
      expect(stream(ids, false).join('')).toBe(all);
      expect(stream(ids, true).join('')).toBe(skipped);
    }
  });

  it('equals the decoding of all ids for every sequence', () => {
    fc.assert(
      fc.property(fc.array(anyId, { maxLength: 40 }), fc.boolean(), (ids, skipSpecialTokens) => {
        expect(stream(ids, skipSpecialTokens).join('')).toBe(tokenizer.decode(ids, { skipSpecialTokens }));
      }),
      { numRuns: 3000 },
    );
  });

  it('never emits a part of a character, and each text as soon as it is complete', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 12 }), (text) => {
        const ids = tokenizer.encode(text, { specialTokens: 'text' });
        const deltas = stream(ids, true);
        ids.forEach((_, i) => {
          const soFar = deltas.slice(0, i + 1).join('');
          const whole = tokenizer.decode(ids.slice(0, i + 1), { skipSpecialTokens: true }).replace(/\uFFFD+$/, '');
          expect(soFar).toBe(text.slice(0, soFar.length));
          expect(soFar.length).toBeGreaterThanOrEqual(whole.length);
        });
        expect(deltas.at(-1)).toBe('');
      }),
      { numRuns: 500 },
    );
  });

  it('joins the bytes on both sides of a skipped special token, and parts them at a shown one', () => {
    const crab = tokenizer.encode('🦀', { specialTokens: 'text' });
    const ids = [...crab.slice(0, 1), 2001, ...crab.slice(1)];
    expect(stream(ids, true).join('')).toBe('🦀');
    expect(stream(ids, false).join('')).toMatch(/^\uFFFD<｜end▁of▁sentence｜>\uFFFD+$/);
  });

  it('ends an incomplete character with one U+FFFD', () => {
    const crab = tokenizer.encode('🦀', { specialTokens: 'text' });
    expect(stream([...tokenizer.encode('a', { specialTokens: 'text' }), ...crab.slice(0, -1)], true)).toEqual([
      'a',
      ...crab.slice(0, -1).map(() => ''),
      '\uFFFD',
    ]);
  });

  it('keeps a byte order mark', () => {
    const ids = tokenizer.encode('\uFEFFa\uFEFF', { specialTokens: 'text' });
    expect(stream(ids, true).join('')).toBe('\uFEFFa\uFEFF');
  });

  it.each([
    [' Paris', 'Paris'],
    ['  two', ' two'],
    ['Paris is', 'Paris is'],
    [' ', ''],
    ['\n a', '\n a'],
  ])('strips one leading space: %j', (text, expected) => {
    expect(stream(tokenizer.encode(text, { specialTokens: 'text' }), true, true).join('')).toBe(expected);
  });

  it('strips the leading space after a skipped special token', () => {
    const ids = tokenizer.encode('<｜end▁of▁sentence｜> a b', { specialTokens: 'interpret' });
    expect(stream(ids, true, true).join('')).toBe('a b');
    expect(stream(ids, false, true).join('')).toBe('<｜end▁of▁sentence｜> a b');
  });

  it('shows special tokens that are wanted, and no others', () => {
    const ids = tokenizer.encode('a<|EOT|>b<｜end▁of▁sentence｜>', { specialTokens: 'interpret' });
    const shownSpecialTokenIds = [tokenizer.idOf('<|EOT|>')!];
    const detokenizer = new StreamingDetokenizer(tokenizer, { skipSpecialTokens: true, shownSpecialTokenIds });
    expect(ids.map((id) => detokenizer.push(id)).join('')).toBe('a<|EOT|>b');
  });
});
