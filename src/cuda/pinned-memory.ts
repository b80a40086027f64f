import { type CudaDriver, CudaError } from './driver.ts';

/**
 * Host memory that the GPU copies from and to by itself, so that whoever enqueues a copy does not wait for it. Where the system does not
 * allow it, copies work all the same, but are waited for.
 */
export class PinnedMemory implements Disposable {
  readonly #driver: CudaDriver;
  readonly #pinned: Uint8Array[] = [];

  constructor(driver: CudaDriver, blocks: readonly SharedArrayBuffer[]) {
    this.#driver = driver;
    for (const block of blocks) {
      const bytes = new Uint8Array(block);
      if (this.#pin(bytes)) this.#pinned.push(bytes);
    }
  }

  [Symbol.dispose](): void {
    for (const bytes of this.#pinned.splice(0)) this.#driver.call('cuMemHostUnregister', bytes);
  }

  #pin(bytes: Uint8Array): boolean {
    try {
      this.#driver.call('cuMemHostRegister_v2', bytes, bytes.byteLength, 0);
      return true;
    } catch (error) {
      if (error instanceof CudaError) return false;
      throw error;
    }
  }
}
