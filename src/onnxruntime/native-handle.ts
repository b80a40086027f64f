import { invariant } from '../errors.ts';
import type { Pointer } from './api-functions.ts';
import type { OnnxRuntime } from './runtime.ts';

/**
 * Owner of one native object. `dispose` may be called any number of times; any other use afterwards throws
 * InvariantError. The native object is freed exactly once, as soon as it is disposed of and so is everything that was
 * made from it (a session outlives its bindings, an allocator its tensors), in whatever order that happens.
 */
export abstract class NativeHandle implements Disposable {
  readonly runtime: OnnxRuntime;
  readonly #pointer: Pointer;
  readonly #owners: readonly NativeHandle[];
  #dependents = 0;
  #disposed = false;

  /** @param owners handles whose native objects must outlive this one */
  protected constructor(runtime: OnnxRuntime, pointer: Pointer, owners: readonly NativeHandle[] = []) {
    this.runtime = runtime;
    this.#pointer = pointer;
    this.#owners = owners;
    for (const owner of owners) owner.#dependents++;
  }

  protected abstract release(pointer: Pointer): void;

  get disposed(): boolean {
    return this.#disposed;
  }

  /** The native object; throws InvariantError after dispose. */
  get pointer(): Pointer {
    invariant(!this.#disposed, `${this.constructor.name} is used after dispose`);
    return this.#pointer;
  }

  /** Throws InvariantError while a run is in flight on this thread, that is, inside a custom op. */
  dispose(): void {
    if (this.#disposed) return;
    this.runtime.requireIdle(`${this.constructor.name} is disposed of`);
    this.#disposed = true;
    this.#releaseIfUnused();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #releaseIfUnused(): void {
    if (!this.#disposed || this.#dependents > 0) return;
    this.release(this.#pointer);
    for (const owner of this.#owners) {
      owner.#dependents--;
      owner.#releaseIfUnused();
    }
  }
}
