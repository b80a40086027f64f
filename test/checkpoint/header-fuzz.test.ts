import fc from 'fast-check';
import { describe, it } from 'vitest';
import { parseSafetensorsHeader } from '../../src/checkpoint/safetensors-header.ts';
import { CheckpointError } from '../../src/errors.ts';

/** Either a sound directory or CheckpointError; anything else fails the property. */
function check(header: Uint8Array, dataBytes: number): void {
  let tensors: ReturnType<typeof parseSafetensorsHeader>;
  try {
    tensors = parseSafetensorsHeader(header, dataBytes, 'x.safetensors');
  } catch (error) {
    if (error instanceof CheckpointError && !error.message.includes('\n')) return;
    throw error;
  }
  let position = 0;
  for (const { begin, end } of tensors) {
    if (begin !== position || end < begin) throw new Error('accepted a hole or an overlap');
    position = end;
  }
  if (position !== dataBytes) throw new Error('accepted a file of the wrong size');
}

const size = fc.oneof(fc.nat(8), fc.constantFrom(-1, 1.5, 2 ** 31, 2 ** 53, 1e300));
const offset = fc.oneof(fc.nat(64), fc.constantFrom(-1, 0.5, 2 ** 53, 1e300));
const tensor = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record(
      {
        dtype: fc.constantFrom('F32', 'F16', 'BF16', 'F4', 'U8', 'X', '__proto__'),
        shape: fc.array(size, { maxLength: 4 }),
        data_offsets: fc.array(offset, { minLength: 1, maxLength: 3 }),
      },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: fc.jsonValue() },
);
const header = fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__metadata__', '__proto__', 'a')), tensor, {
  maxKeys: 5,
});

describe('fuzzed headers', () => {
  it('survives any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(100), check), { numRuns: 2000 });
  });

  it('survives any text that begins like a header', () => {
    const text = fc.array(
      fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', 'a', '0', '"a":', '"shape":[', '\u2028'),
    );
    fc.assert(
      fc.property(text, fc.nat(100), (parts, bytes) => check(Buffer.from(`{${parts.join('')}`), bytes)),
      { numRuns: 3000 },
    );
  });

  it('survives any header made of the right words', () => {
    fc.assert(
      fc.property(header, fc.nat(100), (json, bytes) => check(Buffer.from(JSON.stringify(json)), bytes)),
      { numRuns: 5000 },
    );
  });

  it('accepts what it should: contiguous tensors in any order of names', () => {
    const shapes = fc.array(fc.array(fc.nat(5), { maxLength: 3 }), { maxLength: 6 });
    fc.assert(
      fc.property(shapes, fc.nat(5), (list, turn) => {
        let position = 0;
        const entries = list.map((shape, i) => {
          const begin = position;
          position += 4 * shape.reduce((a, b) => a * b, 1);
          return [`t${i}`, { dtype: 'F32', shape, data_offsets: [begin, position] }] as const;
        });
        const rotated = [...entries.slice(turn), ...entries.slice(0, turn)];
        const found = parseSafetensorsHeader(Buffer.from(JSON.stringify(Object.fromEntries(rotated))), position, 'x');
        if (found.length !== list.length) throw new Error('lost a tensor');
      }),
    );
  });
});
