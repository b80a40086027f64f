/** Words of the shared memory: blocks given out so far, and 1 once no more are to be given out. */
const GIVEN = 0;
const STOPPED = 1;

/**
 * Divides one list among threads that all walk it: each entry is given to one of them, in order. A slow thread gets fewer, and nothing is sent
 * about what is done by whom.
 */
export class BlockClaims {
  /** For a BlockClaims of another thread. */
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  /** The entries of `list` that this thread is given, until there are none left or somebody calls {@link stop}. Every thread passes an equal list. */
  *of<T>(list: Iterable<T>): Generator<T, void> {
    let index = 0;
    let mine = this.#next();
    for (const entry of list) {
      if (index++ !== mine) continue;
      if (Atomics.load(this.#words, STOPPED) !== 0) return;
      yield entry;
      mine = this.#next();
    }
  }

  /** Lets every thread finish what it has, and no more. */
  stop(): void {
    Atomics.store(this.#words, STOPPED, 1);
  }

  #next(): number {
    return Atomics.add(this.#words, GIVEN, 1);
  }
}
