import koffi from 'koffi';
import { invariant } from '../errors.ts';
import type { Pointer } from './driver.ts';

/** The CUDA limit on the arguments of one kernel that every driver has. */
const MAX_BYTES = 4096;
/** Tags of the `extra` array: the arguments come as one buffer. */
const BUFFER_POINTER = 1n;
const BUFFER_SIZE = 2n;
const END = 0n;

/**
 * Arguments of a kernel launch, laid out as the C++ parameter list has them: each at its natural alignment, members of a
 * struct passed by value one after another. One buffer serves all launches of a thread, since the driver copies it.
 */
export class KernelArguments {
  /** What cuLaunchKernelEx takes as `extra`. */
  readonly extra: BigUint64Array;
  readonly #bytes: DataView;
  readonly #size: BigUint64Array;
  #length = 0;

  constructor() {
    const buffer: Pointer = koffi.alloc('uint8_t', MAX_BYTES);
    const size: Pointer = koffi.alloc('uint64_t', 1);
    this.#bytes = new DataView(koffi.view(buffer, MAX_BYTES));
    this.#size = new BigUint64Array(koffi.view(size, 8));
    this.extra = BigUint64Array.of(BUFFER_POINTER, buffer, BUFFER_SIZE, size, END);
    void this.extra.buffer;
  }

  /** Starts a new list. */
  reset(): this {
    this.#length = 0;
    return this;
  }

  pointers(...values: Pointer[]): this {
    for (const value of values) this.#bytes.setBigUint64(this.#claim(8), value, true);
    return this;
  }

  ints(...values: number[]): this {
    for (const value of values) this.#bytes.setInt32(this.#claim(4), value, true);
    return this;
  }

  /**
   * A struct passed by value, as it lies in memory.
   * @param offset its place among the arguments: one with an alignment beyond 16 bytes is aligned with what the GPU puts before them
   */
  bytes(value: Uint8Array, offset: number): this {
    this.#length = offset;
    const at = this.#claim(value.byteLength, 1);
    new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + at, value.byteLength).set(value);
    return this;
  }

  float(value: number): this {
    this.#bytes.setFloat32(this.#claim(4), value, true);
    return this;
  }

  /** Fixes the length; to be called right before the launch. */
  finish(): BigUint64Array {
    this.#size[0] = BigInt(this.#length);
    return this.extra;
  }

  #claim(bytes: number, alignment = bytes): number {
    const at = Math.ceil(this.#length / alignment) * alignment;
    this.#length = at + bytes;
    invariant(this.#length <= MAX_BYTES, 'a kernel has too many arguments');
    return at;
  }
}
