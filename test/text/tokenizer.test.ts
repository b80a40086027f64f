import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTokenizer } from '../../src/text/tokenizer.ts';
import { readGolden, tokenizer, tokenizerConfig, tokenizerJson } from './fixtures.ts';

interface Encoding {
  readonly text: string;
  /** Of the Rust library, added tokens matched. */
  readonly ids: number[];
  /** Of the Rust library without added tokens, where they differ. */
  readonly asText?: number[];
}
const encodings = readGolden<Encoding[]>('encodings');
const decodings = readGolden<{ ids: number[]; all: string; skipped: string }[]>('decodings');

const BOS = 2000;
const EOS = 2001;
const USER = 2006;

describe('encode', () => {
  it('gives the ids of the Rust library, special tokens interpreted', () => {
    expect(encodings.length).toBeGreaterThanOrEqual(600);
    const wrong = encodings.filter(
      ({ text, ids }) => !sameIds(tokenizer.encode(text, { specialTokens: 'interpret' }), ids),
    );
    expect(wrong).toEqual([]);
  });

  it('gives the ids of the Rust library without added tokens, special tokens as text', () => {
    const wrong = encodings.filter(
      ({ text, ids, asText = ids }) => !sameIds(tokenizer.encode(text, { specialTokens: 'text' }), asText),
    );
    expect(wrong).toEqual([]);
    expect(encodings.filter(({ asText }) => asText).length).toBeGreaterThan(50);
  });

  it('removes the separator only after special tokens were found', () => {
    const options = { specialTokens: 'interpret', separator: '\uFDD0' } as const;
    const shielded = tokenizer.encode('a <\uFDD0｜User｜> b', options);
    expect(shielded).toEqual(tokenizer.encode('a <｜User｜> b', { specialTokens: 'text' }));
    expect(shielded).not.toContain(USER);
    expect(tokenizer.encode('a\uFDD0<｜User｜>', options)).toContain(USER);
  });

  it('takes lone surrogates for U+FFFD', () => {
    for (const specialTokens of ['text', 'interpret'] as const) {
      const ids = tokenizer.encode('a\uD800b\uDC00', { specialTokens });
      expect(ids).toEqual(tokenizer.encode('a\uFFFDb\uFFFD', { specialTokens }));
    }
  });

  it('returns to every text, with special tokens as text never a special id', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const ids = tokenizer.encode(text, { specialTokens: 'text' });
        expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(text);
        expect(ids.every((id) => id < BOS)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('encodes a long run of spaces that does not end the text (quadratic if tried from every space)', () => {
    const ids = tokenizer.encode(`${' '.repeat(60_000)}中`, { specialTokens: 'text' });
    expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(`${' '.repeat(60_000)}中`);
  });
});

describe('encodePrompt', () => {
  const plain = tokenizer.encode('Hello', { specialTokens: 'interpret' });

  it('puts BOS in front, once', () => {
    expect(tokenizer.encodePrompt('Hello', { addSpecialTokens: true })).toEqual([BOS, ...plain]);
    expect(tokenizer.encodePrompt('<｜begin▁of▁sentence｜>Hello', { addSpecialTokens: true })).toEqual([BOS, ...plain]);
    expect(tokenizer.encodePrompt('', { addSpecialTokens: true })).toEqual([BOS]);
  });

  it('adds nothing without addSpecialTokens', () => {
    expect(tokenizer.encodePrompt('Hello', { addSpecialTokens: false })).toEqual(plain);
  });

  it('interprets special tokens', () => {
    const ids = tokenizer.encodePrompt('<｜fim▁begin｜>a<｜fim▁hole｜>b<｜fim▁end｜>', { addSpecialTokens: true });
    expect(ids.filter((id) => id >= BOS)).toEqual([BOS, 2003, 2002, 2004]);
  });

  it.each([
    [{ add_bos_token: false }, false],
    [{ add_bos_token: null }, true],
    [{ add_bos_token: undefined }, true],
    [{ bos_token: null }, false],
  ])('with %j adds BOS: %s', (change, addBos) => {
    const changed = createTokenizer(tokenizerJson(), { ...tokenizerConfig(), ...change });
    expect(changed.addBos).toBe(addBos);
    expect(changed.encodePrompt('Hello', { addSpecialTokens: true })).toEqual(addBos ? [BOS, ...plain] : plain);
  });
});

describe('decode', () => {
  it('gives the texts of the Rust library for any ids', () => {
    const decode = (ids: number[]) => ({
      ids,
      all: tokenizer.decode(ids, { skipSpecialTokens: false }),
      skipped: tokenizer.decode(ids, { skipSpecialTokens: true }),
    });
    expect(decodings.length).toBeGreaterThan(150);
    expect(decodings.map(({ ids }) => decode(ids))).toEqual(decodings);
  });

  it('keeps spaces before punctuation', () => {
    const ids = tokenizer.encode("Hello , it 's 1 .", { specialTokens: 'text' });
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe("Hello , it 's 1 .");
  });
});

describe('tokens', () => {
  it('knows what exists', () => {
    expect(tokenizer).toMatchObject({ size: 2018, bosTokenId: BOS, eosTokenId: EOS, addBos: true });
    expect(tokenizer.idOf('<｜User｜>')).toBe(USER);
    expect(tokenizer.idOf('Ġthe')).toBe(tokenizer.encode(' the', { specialTokens: 'text' })[0]);
    expect(tokenizer.idOf('no such token')).toBeUndefined();
  });

  it('skips special tokens only, not every added token', () => {
    expect([BOS, EOS, USER, 2008, 65].map((id) => tokenizer.isSpecial(id))).toEqual([true, true, false, true, false]);
    expect(tokenizer.decode([BOS, USER, EOS], { skipSpecialTokens: true })).toBe('<｜User｜>');
  });

  it('spells every token in bytes and in text', () => {
    const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
    let longest = 0;
    for (let id = 0; id < tokenizer.size; id++) {
      expect(tokenizer.tokenText(id)).toBe(utf8.decode(tokenizer.tokenBytes(id)));
      expect(tokenizer.tokenText(id)).toBe(tokenizer.decode([id], { skipSpecialTokens: false }));
      longest = Math.max(longest, tokenizer.tokenBytes(id).length);
    }
    expect(tokenizer.maxTokenLength).toBe(longest);
    expect(tokenizer.tokenBytes(tokenizer.size).length).toBe(0);
    expect(tokenizer.tokenText(tokenizer.size)).toBe('');
    expect(tokenizer.tokenText(-1)).toBe('');
    const cut = tokenizer.encode('🦀', { specialTokens: 'text' });
    expect(cut.length).toBeGreaterThan(1);
    expect(tokenizer.tokenText(cut[0]!)).toContain('\uFFFD');
    expect(Buffer.concat(cut.map((id) => tokenizer.tokenBytes(id))).toString()).toBe('🦀');
  });
});

function sameIds(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}
