import type { GenerationEvent } from './engine.ts';

/**
 * Events of one generation between the engine client and its one reader. Written by hand rather than as an async
 * generator: a reader that lags takes buffered events without a turn of the event loop each.
 */
export class GenerationStream implements AsyncIterable<GenerationEvent>, AsyncIterator<GenerationEvent> {
  readonly #events: GenerationEvent[] = [];
  readonly #onAbandon: () => void;
  #next = 0;
  #hasEnded = false;
  #error: Error | null = null;
  #wake: { resolve: (result: IteratorResult<GenerationEvent>) => void; reject: (error: Error) => void } | null = null;

  /** @param onAbandon called when the reader leaves before the end */
  constructor(onAbandon: () => void) {
    this.#onAbandon = onAbandon;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Adds an event; a finish event is the last. */
  push(event: GenerationEvent): void {
    if (this.#hasEnded) return;
    if (event.type === 'finish') this.#hasEnded = true;
    const wake = this.#wake;
    if (wake) {
      this.#wake = null;
      wake.resolve({ done: false, value: event });
    } else {
      this.#events.push(event);
    }
  }

  /** Ends the stream with an error, after what is buffered. */
  fail(error: Error): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const wake = this.#wake;
    if (wake) {
      this.#wake = null;
      wake.reject(error);
    } else {
      this.#error = error;
    }
  }

  next(): Promise<IteratorResult<GenerationEvent>> {
    if (this.#next < this.#events.length) {
      const value = this.#events[this.#next++]!;
      if (this.#next === this.#events.length) {
        this.#events.length = 0;
        this.#next = 0;
      }
      return Promise.resolve({ done: false, value });
    }
    if (this.#error) {
      const error = this.#error;
      this.#error = null;
      return Promise.reject(error);
    }
    if (this.#hasEnded) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#wake = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<GenerationEvent>> {
    if (!this.#hasEnded) {
      this.#hasEnded = true;
      this.#onAbandon();
    }
    this.#events.length = 0;
    this.#next = 0;
    return Promise.resolve({ done: true, value: undefined });
  }
}
