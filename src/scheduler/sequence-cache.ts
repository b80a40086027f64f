import type { BlockPool } from '../kv-cache/block-pool.ts';
import { BlockHasher, rootHash } from '../kv-cache/prefix-hash.ts';
import type { Sequence } from './sequence.ts';

/** The sequences' side of the block pool: which blocks a sequence holds, reuses and leaves behind for others. */
export class SequenceCache {
  readonly #pool: BlockPool;
  readonly #hasher: BlockHasher;

  constructor(pool: BlockPool) {
    this.#pool = pool;
    this.#hasher = new BlockHasher(pool.blockSize);
  }

  /** Blocks that `numTokens` tokens take. */
  numBlocksFor(numTokens: number): number {
    return Math.ceil(numTokens / this.#pool.blockSize);
  }

  /** Blocks that a running sequence has yet to be given for the tokens it knows. */
  numOwedBlocks(sequence: Sequence): number {
    return this.numBlocksFor(sequence.numExpectedTokens) - sequence.blockTable.length;
  }

  /**
   * Cached blocks that a waiting sequence can start from; they are not held yet. Never all its tokens: logits come only
   * from computing the last one. While prompt log-probabilities are due, positions without their logits are not skipped.
   */
  findPrefix(sequence: Sequence): number[] {
    if (!this.#pool.enablePrefixCaching) return [];
    const reusableTokens = sequence.isScoring ? sequence.numScoredTokens : sequence.numTokens - 1;
    const numBlocks = Math.floor(reusableTokens / this.#pool.blockSize);
    this.#hashBlocks(sequence, numBlocks);
    return this.#pool.lookup(sequence.blockHashes.slice(0, numBlocks));
  }

  /**
   * Whether a waiting sequence can be given the blocks of all its known tokens, its `prefix` included, with `reserve`
   * free blocks left for others.
   */
  canAdmit(sequence: Sequence, prefix: readonly number[], reserve: number): boolean {
    const newBlocks = this.numBlocksFor(sequence.numTokens) - prefix.length;
    return this.#pool.canAllocate(newBlocks + this.#pool.countFree(prefix) + reserve);
  }

  /** Gives a waiting sequence its cached prefix. */
  holdPrefix(sequence: Sequence, prefix: readonly number[]): void {
    this.#pool.touch(prefix);
    sequence.blockTable = [...prefix];
    sequence.numComputedTokens = prefix.length * this.#pool.blockSize;
  }

  /** How many of the next `count` tokens fit into the blocks that the sequence holds and the free ones. */
  numTokensThatFit(sequence: Sequence, count: number): number {
    const numBlocks = sequence.blockTable.length + this.#pool.numFreeBlocks;
    return Math.min(count, numBlocks * this.#pool.blockSize - sequence.numPlannedTokens);
  }

  /** Gives the sequence blocks for its next `count` tokens. @throws InvariantError when they do not fit */
  allocate(sequence: Sequence, count: number): void {
    const numBlocks = this.numBlocksFor(sequence.numPlannedTokens + count) - sequence.blockTable.length;
    if (numBlocks > 0) sequence.blockTable.push(...this.#pool.allocate(numBlocks));
  }

  /** Advances to `numComputedTokens` after a step wrote that far, and leaves the blocks that became full for reuse. */
  advance(sequence: Sequence, numComputedTokens: number): void {
    const firstBlock = Math.floor(sequence.numComputedTokens / this.#pool.blockSize);
    const numFullBlocks = Math.floor(numComputedTokens / this.#pool.blockSize);
    sequence.numComputedTokens = numComputedTokens;
    if (!this.#pool.enablePrefixCaching) return;
    this.#hashBlocks(sequence, numFullBlocks);
    for (let i = firstBlock; i < numFullBlocks; i++) {
      this.#pool.cacheFullBlock(sequence.blockTable[i]!, sequence.blockHashes[i]!);
    }
  }

  /** Takes all blocks from the sequence and returns its former table, whose references are still to be freed. */
  detach(sequence: Sequence): readonly number[] {
    const blockTable = sequence.blockTable;
    sequence.blockTable = [];
    sequence.numComputedTokens = 0;
    sequence.numTokensInFlight = 0;
    sequence.numPendingTokens = 0;
    return blockTable;
  }

  #hashBlocks(sequence: Sequence, numBlocks: number): void {
    const hashes = sequence.blockHashes;
    const tokenAt = (position: number) => sequence.tokenAt(position);
    while (hashes.length < numBlocks) {
      const parent = hashes.at(-1) ?? rootHash(sequence.request.cacheSalt);
      hashes.push(this.#hasher.hashBlock(parent, tokenAt, hashes.length * this.#pool.blockSize));
    }
  }
}
