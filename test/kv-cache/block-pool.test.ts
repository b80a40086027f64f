import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../src/errors.ts';
import { BlockPool } from '../../src/kv-cache/block-pool.ts';

function makePool(numBlocks: number, enablePrefixCaching = true): BlockPool {
  return new BlockPool({ numBlocks, blockSize: 4, enablePrefixCaching });
}

/** Allocates one block per hash, fills and caches them. */
function fill(pool: BlockPool, hashes: readonly string[]): number[] {
  const blocks = pool.allocate(hashes.length);
  hashes.forEach((hash, i) => {
    pool.cacheFullBlock(blocks[i]!, hash);
  });
  return blocks;
}

describe('BlockPool', () => {
  it('allocates each block once and refuses more than there are', () => {
    const pool = makePool(3);
    expect(new Set(pool.allocate(3)).size).toBe(3);
    expect(pool.canAllocate(1)).toBe(false);
    expect(() => pool.allocate(1)).toThrow(InvariantError);
    expect(pool.numUsedBlocks).toBe(3);
    pool.checkIntegrity();
  });

  it('counts used, free and cached blocks', () => {
    const pool = makePool(5);
    const blocks = fill(pool, ['a', 'b']);
    const blank = pool.allocate(1);
    expect([pool.numFreeBlocks, pool.numUsedBlocks, pool.numCachedBlocks]).toEqual([2, 3, 0]);
    pool.free([...blocks, ...blank]);
    expect([pool.numFreeBlocks, pool.numUsedBlocks, pool.numCachedBlocks]).toEqual([5, 0, 2]);
    pool.checkIntegrity([]);
  });

  it('finds the longest cached run only', () => {
    const pool = makePool(6);
    const [a, b, c] = fill(pool, ['a', 'b', 'c']);
    expect(pool.lookup(['a', 'b', 'c', 'd'])).toEqual([a, b, c]);
    expect(pool.lookup(['a', 'x', 'c'])).toEqual([a]);
    expect(pool.lookup(['x', 'b', 'c'])).toEqual([]);
  });

  it('shares blocks by reference and frees them with the last one', () => {
    const pool = makePool(2);
    const blocks = fill(pool, ['a']);
    pool.touch(pool.lookup(['a']));
    pool.free(blocks);
    expect(pool.numUsedBlocks).toBe(1);
    pool.checkIntegrity([blocks]);
    pool.free(blocks);
    expect(pool.numUsedBlocks).toBe(0);
  });

  it('revives cached blocks that are still free', () => {
    const pool = makePool(2);
    pool.free(fill(pool, ['a']));
    const found = pool.lookup(['a']);
    expect(pool.countFree(found)).toBe(1);
    pool.touch(found);
    expect(pool.countFree(found)).toBe(0);
    expect([pool.numFreeBlocks, pool.numCachedBlocks]).toEqual([1, 0]);
    pool.checkIntegrity([found]);
  });

  it('hands out blank blocks before it evicts cached ones', () => {
    const pool = makePool(4);
    const cached = fill(pool, ['a', 'b']);
    const blank = pool.allocate(2);
    pool.free(cached);
    pool.free(blank);
    expect(new Set(pool.allocate(2))).toEqual(new Set(blank));
    expect(pool.lookup(['a', 'b'])).toEqual(cached);
  });

  it('evicts the least recently used content first, a sequence from its tail', () => {
    const pool = makePool(4);
    const first = fill(pool, ['a', 'b']);
    const second = fill(pool, ['c', 'd']);
    pool.free(first);
    pool.free(second);
    pool.touch(first); // used again: now younger than the second one
    pool.free(first);
    const [a, b] = first;
    const [c, d] = second;
    expect([1, 2, 3, 4].flatMap(() => pool.allocate(1))).toEqual([d, c, b, a]);
    expect(pool.lookup(['a'])).toEqual([]);
    expect(pool.lookup(['c'])).toEqual([]);
  });

  it('keeps the first of two blocks with the same content', () => {
    const pool = makePool(3);
    const original = fill(pool, ['a']);
    const copy = fill(pool, ['a']);
    expect(pool.lookup(['a'])).toEqual(original);
    pool.free(copy);
    expect(pool.numCachedBlocks).toBe(0);
    expect(pool.lookup(['a'])).toEqual(original);
    pool.checkIntegrity([original]);
  });

  it('never finds anything without prefix caching', () => {
    const pool = makePool(2, false);
    pool.free(fill(pool, ['a']));
    expect(pool.lookup(['a'])).toEqual([]);
    expect(pool.numCachedBlocks).toBe(0);
    pool.checkIntegrity([]);
  });

  it('forgets all content on reset, and only when idle', () => {
    const pool = makePool(2);
    const blocks = fill(pool, ['a']);
    expect(() => pool.reset()).toThrow(InvariantError);
    pool.free(blocks);
    pool.reset();
    expect(pool.lookup(['a'])).toEqual([]);
    expect([pool.numFreeBlocks, pool.numCachedBlocks]).toEqual([2, 0]);
    pool.checkIntegrity([]);
  });

  it('reports misuse', () => {
    const pool = makePool(2);
    const blocks = pool.allocate(1);
    expect(() => pool.checkIntegrity([])).toThrow(/has 1 references, block tables hold it 0 times/);
    pool.free(blocks);
    expect(() => pool.free(blocks)).toThrow(InvariantError);
    expect(() => pool.touch(blocks)).toThrow(InvariantError);
    expect(() => pool.cacheFullBlock(blocks[0]!, 'a')).toThrow(InvariantError);
    expect(() => pool.free([7])).toThrow(InvariantError);
    expect(() => makePool(0)).toThrow(InvariantError);
  });
});
