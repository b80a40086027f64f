/**
 * Notices an engine that is silent though it has work: a rank stuck in a native call sends no error. The timer runs
 * only while something is expected.
 */
export class StallWatch {
  readonly #timeoutMs: number;
  readonly #onStall: (error: Error) => void;
  #timer: NodeJS.Timeout | null = null;

  /** @param onStall called once per silence */
  constructor(timeoutMs: number, onStall: (error: Error) => void) {
    this.#timeoutMs = timeoutMs;
    this.#onStall = onStall;
  }

  /** Work is there, or a sign of life has come while there is more. */
  expect(): void {
    if (this.#timer) {
      this.#timer.refresh();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#onStall(new Error(`the engine has not completed a step for ${this.#timeoutMs / 1000} s`));
    }, this.#timeoutMs).unref();
  }

  /** Nothing is expected any more. */
  rest(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
