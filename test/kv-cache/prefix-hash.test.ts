import { describe, expect, it } from 'vitest';
import { BlockHasher, rootHash } from '../../src/kv-cache/prefix-hash.ts';

function chain(tokens: readonly number[], salt: string | null, blockSize = 4): string[] {
  const hasher = new BlockHasher(blockSize);
  const hashes: string[] = [];
  for (let start = 0; start + blockSize <= tokens.length; start += blockSize) {
    hashes.push(hasher.hashBlock(hashes.at(-1) ?? rootHash(salt), (position) => tokens[position]!, start));
  }
  return hashes;
}

const TOKENS = [1, 2, 3, 4, 5, 6, 7, 8];

describe('block hashes', () => {
  it('are SHA-256 over kind, parent and little-endian token ids', () => {
    // Python: r = sha256(b'\x01').digest(); b = sha256(b'\x00' + r + struct.pack('<4I', 1, 2, 100000, 102399))
    const [hash] = chain([1, 2, 100_000, 102_399], null);
    expect(Buffer.from(hash!, 'latin1').toString('hex')).toBe(
      '48e13a54a7ad7c599d083cd210f1be7c956b9d85c7182a5cd93ee3b5e19891a4',
    );
  });

  it('are equal exactly for equal prefixes', () => {
    expect(chain(TOKENS, null)).toEqual(chain([...TOKENS, 9], null));
    const changedTail = chain([1, 2, 3, 4, 5, 6, 7, 9], null);
    expect(changedTail[0]).toBe(chain(TOKENS, null)[0]);
    expect(changedTail[1]).not.toBe(chain(TOKENS, null)[1]);
  });

  it('depend on everything before the block', () => {
    expect(chain([0, 2, 3, 4, 5, 6, 7, 8], null)[1]).not.toBe(chain(TOKENS, null)[1]);
    expect(chain([1, 2, 3, 4, 1, 2, 3, 4], null)[1]).not.toBe(chain([1, 2, 3, 4], null)[0]);
  });

  it('differ between salts, the common pool and the empty salt', () => {
    const salts = [null, '', 'a', 'b', '\ud800', '\ud801', '\ufffd'];
    expect(new Set(salts.map((salt) => chain(TOKENS, salt)[0])).size).toBe(salts.length);
  });

  it('keep token ids apart whose bytes could run together', () => {
    expect(chain([0x0102, 0, 0, 0], null)[0]).not.toBe(chain([0x01, 0x02, 0, 0], null)[0]);
    expect(chain([1, 0], null, 2)[0]).not.toBe(chain([0, 1], null, 2)[0]);
  });
});
