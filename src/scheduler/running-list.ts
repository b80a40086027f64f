import { invariant } from '../errors.ts';
import { compareRank, type Sequence } from './sequence.ts';

/** Running sequences in scheduling order; as short as maxNumSeqs, so an array serves. */
export class RunningList {
  readonly #sequences: Sequence[] = [];

  get length(): number {
    return this.#sequences.length;
  }

  at(index: number): Sequence {
    const sequence = this.#sequences[index];
    invariant(sequence !== undefined, `no running sequence has index ${index}`);
    return sequence;
  }

  /** The worst-ranked sequence: the first to be preempted. */
  last(): Sequence {
    return this.at(this.#sequences.length - 1);
  }

  add(sequence: Sequence): void {
    this.#sequences.splice(this.#rankOf(sequence), 0, sequence);
  }

  remove(sequence: Sequence): void {
    const index = this.#rankOf(sequence);
    invariant(this.#sequences[index] === sequence, `sequence ${sequence.id} does not run`);
    this.#sequences.splice(index, 1);
  }

  clear(): void {
    this.#sequences.length = 0;
  }

  [Symbol.iterator](): IterableIterator<Sequence> {
    return this.#sequences.values();
  }

  /** @throws InvariantError when the order is broken */
  checkIntegrity(): void {
    for (let i = 1; i < this.#sequences.length; i++) {
      invariant(compareRank(this.at(i - 1), this.at(i)) < 0, `running sequences ${i - 1} and ${i} are out of order`);
    }
  }

  /** Index of `sequence`, or the one where it belongs. */
  #rankOf(sequence: Sequence): number {
    let low = 0;
    let high = this.#sequences.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareRank(this.at(middle), sequence) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
