import type { FileHandle } from 'node:fs/promises';

/** Bytes between two calls: the disk is busy all the time, and a call costs nothing beside writing these. */
const STEP_BYTES = 256 * 1024 * 1024;

/**
 * Has a file written to the disk while it grows. Systems let gigabytes gather in memory first, and the disk would have nothing to do until
 * the end, when everything waits for it.
 */
export class EarlySync {
  readonly #handle: FileHandle;
  #pending = 0;
  #running: Promise<void> | null = null;
  #failure: { readonly error: unknown } | null = null;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** @throws when the disk failed earlier: the system tells that only once */
  add(bytes: number): void {
    if (this.#failure) throw this.#failure.error;
    this.#pending += bytes;
    if (this.#running !== null || this.#pending < STEP_BYTES) return;
    this.#pending = 0;
    this.#running = this.#handle
      .datasync()
      .catch((error: unknown) => {
        this.#failure = { error };
      })
      .finally(() => {
        this.#running = null;
      });
  }

  /** Waits for what is under way, after which the file can be closed. */
  async settle(): Promise<void> {
    await this.#running;
  }

  /** Forces all of the file to the disk. @throws a system error */
  async finish(): Promise<void> {
    await this.settle();
    if (this.#failure) throw this.#failure.error;
    await this.#handle.sync();
  }
}
