import { InvariantError } from '../errors.ts';

/** Words of the shared control block. */
const SUBMITTED = 0;
const COMPLETED = 1;
const STATUS = 2;
const MESSAGE_LENGTH = 3;
/** The last step whose late inputs are there. */
const LATE = 4;
const STOPPED = 5;
/** Changes with everything that a rank may be waiting for. */
const BELL = 6;
const WORDS = 7;
const MESSAGE_BYTES = 16_384;

const Status = { ok: 0, failed: 1, gone: 2 } as const;

/** Thrown by the engine's wait when a rank's step failed or the rank is gone. */
export class RankError extends Error {
  override readonly name = 'RankError';
}

export interface RankLinkMemory {
  readonly control: SharedArrayBuffer;
}

/**
 * Hands steps from the engine to one rank and back, through shared memory and Atomics: no message is built and no event
 * loop turns. Several steps may be under way; they are begun, completed and waited for in order. Ordering: everything written before
 * submit() is visible to the rank after next(), and the other way round for complete() and wait(). Late inputs may be written until
 * wait(), and are visible to the rank after awaitLateInputs(). Steps are counted modulo 2^32.
 */
export class RankLink {
  readonly memory: RankLinkMemory;
  readonly #control: Int32Array;
  readonly #message: Uint8Array;
  /** Engine: steps waited for. Rank: steps begun. */
  #waited: number;
  #begun: number;

  constructor(memory: RankLinkMemory) {
    this.memory = memory;
    this.#control = new Int32Array(memory.control, 0, WORDS);
    this.#message = new Uint8Array(memory.control, WORDS * 4, MESSAGE_BYTES);
    this.#waited = Atomics.load(this.#control, COMPLETED);
    this.#begun = this.#waited;
  }

  static allocate(): RankLink {
    return new RankLink({ control: new SharedArrayBuffer(WORDS * 4 + MESSAGE_BYTES) });
  }

  /** Engine: hands over one more step. */
  submit(): void {
    Atomics.add(this.#control, SUBMITTED, 1);
    this.#ring();
  }

  /** Engine: blocks until the oldest step that was not waited for is complete. @throws RankError with the rank's own message */
  wait(): void {
    const step = (this.#waited + 1) | 0;
    this.#waited = step;
    Atomics.store(this.#control, LATE, step);
    this.#ring();
    for (;;) {
      const completed = Atomics.load(this.#control, COMPLETED);
      const status = Atomics.load(this.#control, STATUS);
      if (status === Status.gone) throw new RankError('the rank is gone');
      if (hasReached(completed, step)) {
        if (status === Status.failed) throw new RankError(this.#readMessage());
        return;
      }
      Atomics.wait(this.#control, COMPLETED, completed);
    }
  }

  /** Engine: ends the rank's loop after the steps that it has begun. */
  stop(): void {
    Atomics.store(this.#control, STOPPED, 1);
    this.#ring();
  }

  /**
   * Whoever watches the threads, when one of them is of no use any more: a waiting engine, or a rank that waits for late
   * inputs, is released with an error; a rank that waits for a step ends, or does after those that it has begun.
   */
  markGone(): void {
    Atomics.store(this.#control, STATUS, Status.gone);
    Atomics.add(this.#control, COMPLETED, 1);
    Atomics.notify(this.#control, COMPLETED);
    this.stop();
  }

  /** Rank: a step is there to be begun, and {@link next} would return at once. */
  get hasNext(): boolean {
    return !this.#isOver && Atomics.load(this.#control, SUBMITTED) !== this.#begun;
  }

  /** Rank: blocks until a step is there, which it has to begin; false means stop. */
  next(): boolean {
    for (;;) {
      const bell = Atomics.load(this.#control, BELL);
      if (this.#isOver) return false;
      if (this.hasNext) {
        this.#begun = (this.#begun + 1) | 0;
        return true;
      }
      Atomics.wait(this.#control, BELL, bell);
    }
  }

  /** Rank, while it begins a step: blocks until the engine waits for that step. @throws RankError when it never will */
  awaitLateInputs(): void {
    for (;;) {
      const bell = Atomics.load(this.#control, BELL);
      if (hasReached(Atomics.load(this.#control, LATE), this.#begun)) return;
      if (Atomics.load(this.#control, STATUS) === Status.gone) throw new RankError('the engine is gone');
      Atomics.wait(this.#control, BELL, bell);
    }
  }

  /** Rank: the oldest step begun is done, `error` null when it went well. */
  complete(error: Error | null): void {
    if (error) this.#writeMessage(error.message);
    const before = Atomics.load(this.#control, STATUS);
    // Being gone is final.
    if (before !== Status.gone) {
      Atomics.compareExchange(this.#control, STATUS, before, error ? Status.failed : Status.ok);
    }
    Atomics.add(this.#control, COMPLETED, 1);
    Atomics.notify(this.#control, COMPLETED);
  }

  get #isOver(): boolean {
    return Atomics.load(this.#control, STOPPED) !== 0 || Atomics.load(this.#control, STATUS) === Status.gone;
  }

  #ring(): void {
    Atomics.add(this.#control, BELL, 1);
    Atomics.notify(this.#control, BELL);
  }

  #writeMessage(text: string): void {
    const bytes = new TextEncoder().encode(text).subarray(0, MESSAGE_BYTES);
    this.#message.set(bytes);
    Atomics.store(this.#control, MESSAGE_LENGTH, bytes.length);
  }

  #readMessage(): string {
    const length = Atomics.load(this.#control, MESSAGE_LENGTH);
    if (length > MESSAGE_BYTES) throw new InvariantError('rank message is longer than its buffer');
    return new TextDecoder().decode(this.#message.slice(0, length));
  }
}

/** Whether a count of steps has come to `step`; counts wrap. */
function hasReached(count: number, step: number): boolean {
  return ((count - step) | 0) >= 0;
}
