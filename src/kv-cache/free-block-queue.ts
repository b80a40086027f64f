import { invariant } from '../errors.ts';

const UNLINKED = -1;

/**
 * Doubly linked queue of block ids whose links live in two typed arrays, so that a block in the middle (a cached one
 * that is wanted again) leaves in O(1) and nothing is allocated per operation. The front is evicted first.
 */
export class FreeBlockQueue {
  readonly #numBlocks: number;
  // One more entry than blocks: index numBlocks is the sentinel that closes the ring.
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  #length = 0;

  /** Starts with all blocks queued in ascending order. */
  constructor(numBlocks: number) {
    this.#numBlocks = numBlocks;
    this.#next = new Int32Array(numBlocks + 1);
    this.#previous = new Int32Array(numBlocks + 1);
    this.refill();
  }

  get length(): number {
    return this.#length;
  }

  has(block: number): boolean {
    return this.#next[block] !== UNLINKED;
  }

  /** Makes `block` the last to be evicted. */
  pushBack(block: number): void {
    this.#insert(block, this.#previous[this.#numBlocks]!, this.#numBlocks);
  }

  /** Makes `block` the first to be evicted. */
  pushFront(block: number): void {
    this.#insert(block, this.#numBlocks, this.#next[this.#numBlocks]!);
  }

  /** Takes the block at the front. */
  pop(): number {
    invariant(this.#length > 0, 'the free block queue is empty');
    const block = this.#next[this.#numBlocks]!;
    this.remove(block);
    return block;
  }

  remove(block: number): void {
    invariant(this.has(block), `block ${block} is not in the free queue`);
    const next = this.#next[block]!;
    const previous = this.#previous[block]!;
    this.#next[previous] = next;
    this.#previous[next] = previous;
    this.#next[block] = UNLINKED;
    this.#previous[block] = UNLINKED;
    this.#length -= 1;
  }

  /** Queues all blocks again, in ascending order. */
  refill(): void {
    const ring = this.#numBlocks + 1;
    for (let i = 0; i < ring; i++) {
      this.#next[i] = (i + 1) % ring;
      this.#previous[i] = (i + ring - 1) % ring;
    }
    this.#length = this.#numBlocks;
  }

  /** From the front to the back. @throws InvariantError when the links do not form one ring of `length` blocks */
  *blocks(): Generator<number> {
    let previous = this.#numBlocks;
    let visited = 0;
    for (let block = this.#next[previous]!; block !== this.#numBlocks; block = this.#next[block]!) {
      invariant(block >= 0 && this.#previous[block] === previous, `free queue links disagree at block ${block}`);
      invariant(++visited <= this.#length, `free queue holds more than its ${this.#length} blocks`);
      yield block;
      previous = block;
    }
    invariant(this.#previous[this.#numBlocks] === previous, 'free queue links disagree at its back');
    invariant(visited === this.#length, `free queue holds ${visited} blocks, its length says ${this.#length}`);
  }

  #insert(block: number, previous: number, next: number): void {
    invariant(!this.has(block), `block ${block} is in the free queue already`);
    this.#next[block] = next;
    this.#previous[block] = previous;
    this.#next[previous] = block;
    this.#previous[next] = block;
    this.#length += 1;
  }
}
