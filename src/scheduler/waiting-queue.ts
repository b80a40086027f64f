import { invariant } from '../errors.ts';
import { compareRank, type Sequence } from './sequence.ts';

/**
 * Waiting sequences as a binary heap in scheduling order. A preempted sequence keeps its arrival order, so pushing it
 * back puts it in front of every sequence of its class that has not run yet. Push, pop and removal are O(log n).
 */
export class WaitingQueue {
  readonly #heap: Sequence[] = [];
  readonly #positions = new Map<Sequence, number>();

  get length(): number {
    return this.#heap.length;
  }

  has(sequence: Sequence): boolean {
    return this.#positions.has(sequence);
  }

  push(sequence: Sequence): void {
    invariant(!this.has(sequence), `sequence ${sequence.id} waits already`);
    this.#heap.push(sequence);
    this.#siftUp(sequence, this.#heap.length - 1);
  }

  /** The sequence that goes first, or null. */
  peek(): Sequence | null {
    return this.#heap[0] ?? null;
  }

  remove(sequence: Sequence): void {
    const position = this.#positions.get(sequence);
    invariant(position !== undefined, `sequence ${sequence.id} does not wait`);
    this.#positions.delete(sequence);
    const last = this.#heap.pop()!;
    if (last === sequence) return;
    this.#siftUp(last, position);
    this.#siftDown(last, this.#positions.get(last)!);
  }

  #siftUp(sequence: Sequence, from: number): void {
    let position = from;
    while (position > 0) {
      const parentPosition = (position - 1) >> 1;
      const parent = this.#heap[parentPosition]!;
      if (compareRank(parent, sequence) < 0) break;
      this.#place(parent, position);
      position = parentPosition;
    }
    this.#place(sequence, position);
  }

  #siftDown(sequence: Sequence, from: number): void {
    let position = from;
    for (;;) {
      const childPosition = this.#firstChildOf(position);
      const child = this.#heap[childPosition];
      if (child === undefined || compareRank(sequence, child) < 0) break;
      this.#place(child, position);
      position = childPosition;
    }
    this.#place(sequence, position);
  }

  /** Position of the child that goes first; beyond the heap when there is none. */
  #firstChildOf(position: number): number {
    const left = 2 * position + 1;
    const leftChild = this.#heap[left];
    const rightChild = this.#heap[left + 1];
    if (leftChild === undefined || rightChild === undefined) return left;
    return compareRank(leftChild, rightChild) < 0 ? left : left + 1;
  }

  #place(sequence: Sequence, position: number): void {
    this.#heap[position] = sequence;
    this.#positions.set(sequence, position);
  }
}
