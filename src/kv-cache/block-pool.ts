import { invariant } from '../errors.ts';
import { FreeBlockQueue } from './free-block-queue.ts';
import type { BlockHash } from './prefix-hash.ts';

export interface BlockPoolOptions {
  readonly numBlocks: number;
  /** Slots (tokens) per block. */
  readonly blockSize: number;
  /** Without it nothing is ever found again: `lookup` returns nothing and `cacheFullBlock` does nothing. */
  readonly enablePrefixCaching: boolean;
}

/**
 * Reference counts, free queue and prefix index of the latent pool. A block is an index into the pool, 0 to numBlocks - 1.
 *
 * Every block is in exactly one of three states:
 * - used: at least one block table holds it;
 * - cached: in no block table, but its content is indexed under its hash and `touch` revives it until it is evicted;
 * - blank: in no block table and without content.
 *
 * Cached and blank blocks are both free: `numFreeBlocks` counts them together because either can be allocated.
 * So free + used = all, and (free - cached) + used + cached = all.
 */
export class BlockPool {
  readonly numBlocks: number;
  readonly blockSize: number;
  readonly enablePrefixCaching: boolean;
  readonly #referenceCounts: Int32Array;
  readonly #hashes: (BlockHash | null)[];
  readonly #index = new Map<BlockHash, number>();
  readonly #freeQueue: FreeBlockQueue;
  #numCachedBlocks = 0;

  constructor(options: BlockPoolOptions) {
    invariant(
      Number.isSafeInteger(options.numBlocks) && options.numBlocks > 0,
      'a block pool needs at least one block',
    );
    invariant(Number.isSafeInteger(options.blockSize) && options.blockSize > 0, 'a block needs at least one slot');
    this.numBlocks = options.numBlocks;
    this.blockSize = options.blockSize;
    this.enablePrefixCaching = options.enablePrefixCaching;
    this.#referenceCounts = new Int32Array(options.numBlocks);
    this.#hashes = new Array<BlockHash | null>(options.numBlocks).fill(null);
    this.#freeQueue = new FreeBlockQueue(options.numBlocks);
  }

  /** Blocks that can be allocated: blank and cached ones. */
  get numFreeBlocks(): number {
    return this.#freeQueue.length;
  }

  get numUsedBlocks(): number {
    return this.numBlocks - this.#freeQueue.length;
  }

  /** Free blocks whose content can still be found by its hash. */
  get numCachedBlocks(): number {
    return this.#numCachedBlocks;
  }

  canAllocate(count: number): boolean {
    return count <= this.#freeQueue.length;
  }

  /**
   * Takes `count` free blocks with one reference each: blank ones first, then the least recently used cached ones,
   * whose content is forgotten.
   * @throws InvariantError when {@link canAllocate} is false; nothing has been taken then
   */
  allocate(count: number): number[] {
    invariant(this.canAllocate(count), `${count} blocks wanted, ${this.#freeQueue.length} free`);
    const blocks: number[] = [];
    for (let i = 0; i < count; i++) {
      const block = this.#freeQueue.pop();
      this.#evict(block);
      this.#referenceCounts[block] = 1;
      blocks.push(block);
    }
    return blocks;
  }

  /** Blocks that hold the longest run of `hashes` from the first on. Takes no reference: {@link touch} does. */
  lookup(hashes: readonly BlockHash[]): number[] {
    const blocks: number[] = [];
    for (const hash of hashes) {
      const block = this.#index.get(hash);
      if (block === undefined) break;
      blocks.push(block);
    }
    return blocks;
  }

  /** How many of `blocks` are free, so that touching them takes something away from {@link numFreeBlocks}. */
  countFree(blocks: readonly number[]): number {
    return blocks.reduce((count, block) => count + (this.#referenceCounts[block] === 0 ? 1 : 0), 0);
  }

  /** Adds one reference to each block that {@link lookup} returned. */
  touch(blocks: readonly number[]): void {
    for (const block of blocks) {
      const references = this.#referenceCounts[block]!;
      if (references === 0) {
        invariant(this.#hashes[block] !== null, `block ${block} is touched but holds no cached content`);
        this.#freeQueue.remove(block);
        this.#numCachedBlocks -= 1;
      }
      this.#referenceCounts[block] = references + 1;
    }
  }

  /**
   * Gives up one reference to each block of one block table, in table order. The tail is freed first: later eviction
   * then shortens a prefix from its end, and never makes the rest of it unreachable.
   */
  free(blockTable: readonly number[]): void {
    for (let i = blockTable.length - 1; i >= 0; i--) {
      const block = blockTable[i]!;
      const references = this.#referenceCounts[block];
      invariant(references !== undefined && references > 0, `block ${block} is freed but not in use`);
      this.#referenceCounts[block] = references - 1;
      if (references > 1) continue;
      if (this.#hashes[block] === null) {
        this.#freeQueue.pushFront(block);
      } else {
        this.#freeQueue.pushBack(block);
        this.#numCachedBlocks += 1;
      }
    }
  }

  /**
   * Indexes the content of a used block whose slots are all written. When another block holds the same content
   * already, that one stays the indexed one and this block will be blank once it is freed.
   */
  cacheFullBlock(block: number, hash: BlockHash): void {
    invariant((this.#referenceCounts[block] ?? 0) > 0, `block ${block} is cached but not in use`);
    if (!this.enablePrefixCaching || this.#index.has(hash)) return;
    invariant(this.#hashes[block] === null, `block ${block} is cached under another hash already`);
    this.#hashes[block] = hash;
    this.#index.set(hash, block);
  }

  /** Forgets all cached content. @throws InvariantError while blocks are in use */
  reset(): void {
    invariant(this.numUsedBlocks === 0, `${this.numUsedBlocks} blocks are in use`);
    this.#hashes.fill(null);
    this.#index.clear();
    this.#numCachedBlocks = 0;
    this.#freeQueue.refill();
  }

  /**
   * Checks the accounting in O(all blocks); for tests and idle times.
   * @param blockTables All block tables in existence; when given, reference counts must equal their contents.
   * @throws InvariantError
   */
  checkIntegrity(blockTables?: Iterable<readonly number[]>): void {
    let numCached = 0;
    for (const block of this.#freeQueue.blocks()) {
      invariant(this.#referenceCounts[block] === 0, `block ${block} is free but has references`);
      if (this.#hashes[block] !== null) numCached += 1;
    }
    invariant(numCached === this.#numCachedBlocks, `${numCached} blocks are cached, ${this.#numCachedBlocks} counted`);
    let numUsed = 0;
    let numHashed = 0;
    for (let block = 0; block < this.numBlocks; block++) {
      const references = this.#referenceCounts[block]!;
      invariant(references >= 0, `block ${block} has ${references} references`);
      if (references > 0) numUsed += 1;
      invariant(references > 0 !== this.#freeQueue.has(block), `block ${block} is both used and free, or neither`);
      const hash = this.#hashes[block];
      if (hash === null || hash === undefined) continue;
      numHashed += 1;
      invariant(this.#index.get(hash) === block, `block ${block} is not indexed under its hash`);
    }
    invariant(numHashed === this.#index.size, `${this.#index.size} hashes are indexed, ${numHashed} blocks hold one`);
    invariant(this.numFreeBlocks + numUsed === this.numBlocks, 'free and used blocks do not add up');
    if (blockTables !== undefined) this.#checkReferences(blockTables);
  }

  #checkReferences(blockTables: Iterable<readonly number[]>): void {
    const expected = new Int32Array(this.numBlocks);
    for (const blockTable of blockTables) {
      for (const block of blockTable) expected[block]! += 1;
    }
    for (let block = 0; block < this.numBlocks; block++) {
      invariant(
        this.#referenceCounts[block] === expected[block],
        `block ${block} has ${this.#referenceCounts[block]} references, block tables hold it ${expected[block]} times`,
      );
    }
  }

  /** Forgets the content of a free block that is about to be overwritten. */
  #evict(block: number): void {
    const hash = this.#hashes[block];
    if (hash === null || hash === undefined) return;
    this.#index.delete(hash);
    this.#hashes[block] = null;
    this.#numCachedBlocks -= 1;
  }
}
