import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { sizePool } from '../../src/kv-cache/latent-layout.ts';

describe('sizePool', () => {
  const bytesPerToken = 62_208;
  const blockSize = 16;

  it('fills the memory with whole blocks', () => {
    const availableBytes = 100 * bytesPerToken * blockSize + 1_000;
    const { numBlocks, maxModelLen } = sizePool({ availableBytes, bytesPerToken, blockSize, maxModelLen: 1_600 });
    expect({ numBlocks, maxModelLen }).toEqual({ numBlocks: 100, maxModelLen: 1_600 });
  });

  it('lowers the model length to what one sequence can have, and says so', () => {
    const size = sizePool({ availableBytes: 2 * 2 ** 30, bytesPerToken, blockSize, maxModelLen: 163_840 });
    expect(size.numBlocks).toBe(2_157);
    expect(size.maxModelLen).toBe(2_157 * 16);
    expect(size.explanation).toBe(
      'latent cache: 2.00 GiB / (16 tokens x 62,208 bytes) = 2,157 blocks = 34,512 tokens; max_model_len lowered from 163,840 to 34,512, because one sequence of the full length needs 9.49 GiB',
    );
  });

  it('says how many full sequences fit', () => {
    const { explanation } = sizePool({ availableBytes: 2 * 2 ** 30, bytesPerToken, blockSize, maxModelLen: 4_096 });
    expect(explanation).toContain('room for 8.4 sequences of 4,096 tokens');
  });

  it('refuses memory that does not hold one block', () => {
    const request = { bytesPerToken, blockSize, maxModelLen: 4_096 };
    expect(() => sizePool({ ...request, availableBytes: bytesPerToken * blockSize - 1 })).toThrow(ConfigError);
    expect(() => sizePool({ ...request, availableBytes: -5 })).toThrow(/does not hold a single block/);
    expect(sizePool({ ...request, availableBytes: bytesPerToken * blockSize }).numBlocks).toBe(1);
  });
});
