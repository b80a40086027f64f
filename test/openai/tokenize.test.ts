import { describe, expect, it } from 'vitest';
import { SLICE_LENGTH } from '../../src/openai/sliced-json.ts';
import { detokenize, tokenize } from '../../src/openai/tokenize.ts';
import { EOS } from './support/byte-codec.ts';
import { registryOf, servedModel } from './support/served.ts';

const registry = registryOf(servedModel());

/** `count` bytes of a text that is repeated as often as it takes, behind `shift` bytes: ids of the byte codec. */
function bytes(text: string | readonly number[], count: number, shift = 0): number[] {
  const unit = typeof text === 'string' ? Buffer.from(text) : Buffer.from(text);
  return [...Buffer.concat([Buffer.alloc(shift, 'a'), Buffer.alloc(count, unit)])];
}

describe('detokenize of more ids than a slice holds', () => {
  const count = 2 * SLICE_LENGTH + 17;

  it.each([
    ['plain text', bytes('abc', count)],
    ...[0, 1, 2, 3].map(
      (shift) => [`characters of four bytes, shifted by ${shift}`, bytes('🦀', count, shift)] as const,
    ),
    ['characters of three bytes', bytes('漢', count)],
    ['continuation bytes only', bytes([0x80], count)],
    ['characters that never end', bytes([0xf0, 0x9f, 0xa6], count)],
    ['what is not UTF-8 between characters', bytes([0xe6, 0xff, 0xc3, 0xa9, 0xf0, 0x9f, 0x41], count)],
    ['byte order marks', bytes('\uFEFF', count)],
    ['exactly two slices', bytes('é', 2 * SLICE_LENGTH)],
  ] as const)('decodes %s as one text', async (_, tokens) => {
    const { prompt } = await detokenize({ tokens }, registry);
    expect(prompt === Buffer.from(tokens).toString('utf8')).toBe(true);
  });

  it('shows a special token between two slices, which parts the character around it', async () => {
    const tokens = bytes('🦀', SLICE_LENGTH + 2).toSpliced(SLICE_LENGTH - 2, 0, EOS);
    const { prompt } = await detokenize({ tokens }, registry);
    const [before, after] = [tokens.slice(0, SLICE_LENGTH - 2), tokens.slice(SLICE_LENGTH - 1)];
    expect(prompt === `${Buffer.from(before).toString('utf8')}<eos>${Buffer.from(after).toString('utf8')}`).toBe(true);
    expect(prompt).toContain('\uFFFD<eos>\uFFFD');
  });

  it('names the id at fault wherever it is', async () => {
    const tokens: unknown[] = bytes('a', count);
    tokens[count - 1] = -1;
    await expect(detokenize({ tokens }, registry)).rejects.toMatchObject({ status: 400, param: `tokens.${count - 1}` });
  });
});

describe('tokenize of more tokens than a slice holds', () => {
  it('gives the text of each', async () => {
    const prompt = 'aé'.repeat(SLICE_LENGTH);
    const { tokens, token_strs: texts, count } = await tokenize({ prompt, return_token_strs: true }, registry);
    expect(count).toBe(3 * SLICE_LENGTH + 1);
    const expected = ['<bos>', ...Array.from({ length: SLICE_LENGTH }, () => ['a', '\uFFFD', '\uFFFD']).flat()];
    expect(texts?.length).toBe(tokens.length);
    expect(texts?.every((text, i) => text === expected[i])).toBe(true);
  });
});
