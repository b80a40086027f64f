import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BlockPool } from '../../src/kv-cache/block-pool.ts';

/** The same rules on plain lists: eviction order is the order of `free`. */
class PoolModel {
  free: number[];
  readonly tables: number[][] = [];
  readonly hashOf = new Map<number, string>();

  constructor(numBlocks: number) {
    this.free = Array.from({ length: numBlocks }, (_, i) => i);
  }

  find(hash: string): number | undefined {
    return [...this.hashOf].find(([, h]) => h === hash)?.[0];
  }

  allocate(count: number): number[] {
    const blocks = this.free.splice(0, count);
    for (const block of blocks) this.hashOf.delete(block);
    return blocks;
  }

  release(table: number[]): void {
    this.tables.splice(this.tables.indexOf(table), 1);
    for (const block of table.toReversed()) {
      if (this.tables.some((other) => other.includes(block))) continue;
      if (this.hashOf.has(block)) this.free.push(block);
      else this.free.unshift(block);
    }
  }
}

const operation = fc.oneof(
  fc.record({ kind: fc.constant('allocate' as const), count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('free' as const), pick: fc.nat() }),
  fc.record({ kind: fc.constant('cache' as const), pick: fc.nat(), offset: fc.nat(), hash: fc.nat({ max: 9 }) }),
  fc.record({ kind: fc.constant('reuse' as const), hashes: fc.array(fc.nat({ max: 9 }), { maxLength: 3 }) }),
);

it('behaves like a simple model under random operations', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.array(operation, { maxLength: 120 }), (numBlocks, operations) => {
      const pool = new BlockPool({ numBlocks, blockSize: 1, enablePrefixCaching: true });
      const model = new PoolModel(numBlocks);
      for (const op of operations) {
        const table = 'pick' in op ? model.tables[op.pick % Math.max(1, model.tables.length)] : undefined;
        if (op.kind === 'allocate') {
          expect(pool.canAllocate(op.count)).toBe(op.count <= model.free.length);
          if (!pool.canAllocate(op.count)) continue;
          const blocks = pool.allocate(op.count);
          expect(blocks).toEqual(model.allocate(op.count));
          model.tables.push(blocks);
        } else if (op.kind === 'free' && table) {
          pool.free(table);
          model.release(table);
        } else if (op.kind === 'cache' && table) {
          const block = table[op.offset % table.length]!;
          if (model.hashOf.has(block)) continue;
          const hash = `h${op.hash}`;
          pool.cacheFullBlock(block, hash);
          if (model.find(hash) === undefined) model.hashOf.set(block, hash);
        } else if (op.kind === 'reuse') {
          const hashes = [...new Set(op.hashes)].map((hash) => `h${hash}`);
          const expected = hashes.map((hash) => model.find(hash));
          const miss = expected.indexOf(undefined);
          const found = pool.lookup(hashes);
          expect(found).toEqual(miss < 0 ? expected : expected.slice(0, miss));
          if (found.length === 0) continue;
          pool.touch(found);
          model.tables.push(found);
          model.free = model.free.filter((block) => !found.includes(block));
        }
        pool.checkIntegrity(model.tables);
        expect(pool.numFreeBlocks).toBe(model.free.length);
        expect(pool.numCachedBlocks).toBe(model.free.filter((block) => model.hashOf.has(block)).length);
      }
    }),
    { numRuns: 200 },
  );
});
