const STEP_BYTES = 4 * 1024 * 1024;

/** Passes on how many bytes were written: the first ones at once, so that somebody sees the work begin, then in sums of 4 MiB, not for every block. */
export class ByteMeter {
  readonly #report: (bytes: number) => void;
  #pending = 0;
  #threshold = 0;

  /** @param report called synchronously with the bytes since the call before */
  constructor(report: (bytes: number) => void) {
    this.#report = report;
  }

  add(bytes: number): void {
    this.#pending += bytes;
    if (this.#pending >= this.#threshold) this.flush();
  }

  /** Reports what is left, if anything. */
  flush(): void {
    const bytes = this.#pending;
    if (bytes === 0) return;
    this.#pending = 0;
    this.#threshold = STEP_BYTES;
    this.#report(bytes);
  }
}
