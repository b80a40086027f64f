import { InvariantError } from '../errors.ts';

/** Words of the shared control block. */
const SUBMITTED = 0;
const COMPLETED = 1;
const STATUS = 2;
const MESSAGE_LENGTH = 3;
/** The last step whose late inputs are there. */
const LATE = 4;
const WORDS = 5;
const MESSAGE_BYTES = 16_384;

const Status = { ok: 0, failed: 1, gone: 2 } as const;

/** What a rank is told to do; the number travels in place of a step count. */
const STOP = -1;
/** In place of a step count: the engine waits for no step any more. */
const NEVER = -2;

/** Thrown by the engine's wait when a rank's step failed or the rank is gone. */
export class RankError extends Error {
  override readonly name = 'RankError';
}

export interface RankLinkMemory {
  readonly control: SharedArrayBuffer;
}

/**
 * Hands steps from the engine to one rank and back, through shared memory and Atomics: no message is built and no event
 * loop turns. At most one step is under way. Ordering: everything written before submit() is visible to the rank after
 * next(), and the other way round for complete() and wait(). Late inputs may be written until wait(), and are visible to the
 * rank after awaitLateInputs().
 */
export class RankLink {
  readonly memory: RankLinkMemory;
  readonly #control: Int32Array;
  readonly #message: Uint8Array;

  constructor(memory: RankLinkMemory) {
    this.memory = memory;
    this.#control = new Int32Array(memory.control, 0, WORDS);
    this.#message = new Uint8Array(memory.control, WORDS * 4, MESSAGE_BYTES);
  }

  static allocate(): RankLink {
    return new RankLink({ control: new SharedArrayBuffer(WORDS * 4 + MESSAGE_BYTES) });
  }

  /** Engine: starts the step that the buffers hold. */
  submit(): void {
    Atomics.add(this.#control, SUBMITTED, 1);
    Atomics.notify(this.#control, SUBMITTED);
  }

  /** Engine: blocks until the submitted step is complete. @throws RankError with the rank's own message */
  wait(): void {
    const submitted = Atomics.load(this.#control, SUBMITTED);
    Atomics.store(this.#control, LATE, submitted);
    Atomics.notify(this.#control, LATE);
    for (;;) {
      const completed = Atomics.load(this.#control, COMPLETED);
      const status = Atomics.load(this.#control, STATUS);
      if (status === Status.gone) throw new RankError('the rank is gone');
      if (completed === submitted) {
        if (status === Status.failed) throw new RankError(this.#readMessage());
        return;
      }
      Atomics.wait(this.#control, COMPLETED, completed);
    }
  }

  /** Engine: ends the rank's loop after the step under way. */
  stop(): void {
    Atomics.store(this.#control, SUBMITTED, STOP);
    Atomics.notify(this.#control, SUBMITTED);
  }

  /**
   * Whoever watches the threads, when one of them is of no use any more: a waiting engine, or a rank that waits for late
   * inputs, is released with an error; a rank that waits for a step ends, or does after the one under way.
   */
  markGone(): void {
    Atomics.store(this.#control, STATUS, Status.gone);
    Atomics.add(this.#control, COMPLETED, 1);
    Atomics.notify(this.#control, COMPLETED);
    Atomics.store(this.#control, LATE, NEVER);
    Atomics.notify(this.#control, LATE);
    this.stop();
  }

  /** Rank: blocks until a step is there; false means stop. */
  next(): boolean {
    for (;;) {
      const submitted = Atomics.load(this.#control, SUBMITTED);
      if (submitted === STOP || Atomics.load(this.#control, STATUS) === Status.gone) return false;
      if (submitted !== Atomics.load(this.#control, COMPLETED)) return true;
      Atomics.wait(this.#control, SUBMITTED, submitted);
    }
  }

  /** Rank, during a step: blocks until the engine waits for it. @throws RankError when it never will */
  awaitLateInputs(): void {
    const submitted = Atomics.load(this.#control, SUBMITTED);
    for (;;) {
      const late = Atomics.load(this.#control, LATE);
      if (late === submitted) return;
      if (Atomics.load(this.#control, STATUS) === Status.gone) throw new RankError('the engine is gone');
      Atomics.wait(this.#control, LATE, late);
    }
  }

  /** Rank: the step is done, `error` null when it went well. */
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
