import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUtf8, incompleteTailLength } from '../../src/text/utf8.ts';

describe('incompleteTailLength', () => {
  it.each<[string, number]>([
    ['', 0],
    ['61', 0],
    ['c3', 1],
    ['c3a9', 0],
    ['e4b8', 2],
    ['f09f98', 3],
    ['f09f9880', 0],
    ['80', 0],
    ['c0', 0],
    ['c1', 0],
    ['f5', 0],
    ['e080', 0],
    ['e0a0', 2],
    ['eda0', 0],
    ['ed9f', 2],
    ['f08f', 0],
    ['f490', 0],
    ['f48f', 2],
    ['61e4', 1],
  ])('of %s is %i', (hex, length) => {
    expect(incompleteTailLength(Buffer.from(hex, 'hex'))).toBe(length);
  });

  it('holds back exactly what a streaming TextDecoder holds back', () => {
    const byte = fc.oneof(
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom(0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc2, 0xe0, 0xe4, 0xed, 0xf0, 0xf4, 0xf5),
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 8 }), (list) => {
        const bytes = Uint8Array.from(list);
        const streaming = new TextDecoder('utf-8', { ignoreBOM: true });
        const complete = bytes.subarray(0, bytes.length - incompleteTailLength(bytes));
        expect(decodeUtf8(complete)).toBe(streaming.decode(bytes, { stream: true }));
      }),
      { numRuns: 5000 },
    );
  });
});
