import type { CudaDriver, Pointer } from './driver.ts';

/** Memory of the current device. */
export class DeviceBuffer implements Disposable {
  readonly address: Pointer;
  readonly byteLength: number;
  readonly #driver: CudaDriver;

  /** Zeros. @throws CudaError when the device has not so much memory left */
  constructor(driver: CudaDriver, byteLength: number) {
    this.#driver = driver;
    this.byteLength = byteLength;
    this.address = driver.pointer((out) => driver.call('cuMemAlloc_v2', out, Math.max(1, byteLength)));
    driver.call('cuMemsetD8_v2', this.address, 0, byteLength);
    // Other streams do not wait for the one that memset runs on.
    driver.call('cuCtxSynchronize');
  }

  /** Copies `bytes` to the beginning of the buffer, in the order of the stream. They may be changed once this returns, unless they are pinned. */
  upload(bytes: Uint8Array, stream: Pointer): void {
    this.#driver.call('cuMemcpyHtoDAsync_v2', this.address, bytes, bytes.byteLength, stream);
  }

  /** Copies from byte `offset` of the buffer to `into`; it is there once the stream has been synchronised. */
  download(into: ArrayBufferView, stream: Pointer, offset = 0): void {
    this.#driver.call('cuMemcpyDtoHAsync_v2', into, this.address + BigInt(offset), into.byteLength, stream);
  }

  [Symbol.dispose](): void {
    this.#driver.call('cuMemFree_v2', this.address);
  }
}
