import { InvariantError } from '../errors.ts';
import type { OrtApi, Pointer } from './api-functions.ts';
import { OnnxRuntimeError } from './onnxruntime-error.ts';

/** One thread's view of an opened ONNX Runtime library. Everything made from it belongs to that thread. */
export class OnnxRuntime {
  readonly api: OrtApi;
  readonly libraryPath: string;
  readonly version: string;
  /** Not to be released: the default CPU allocator, which owns the strings and arrays that the C API hands out. */
  readonly defaultAllocator: Pointer;
  /** What a custom op threw during the call in progress; it becomes the cause of the failing run. */
  callbackError: unknown;
  #callsInFlight = 0;
  // Out parameters, read right after the call that filled them. Touching `.buffer` moves a small typed array off the
  // JavaScript heap, where the collector could move it.
  readonly #out = offHeap(new BigUint64Array(1));

  constructor(api: OrtApi, libraryPath: string, version: string) {
    this.api = api;
    this.libraryPath = libraryPath;
    this.version = version;
    this.defaultAllocator = this.out((out) => api.GetAllocatorWithDefaultOptions(out));
  }

  /** The value that `call` leaves in its 8-byte out parameter (a pointer or a size_t). */
  out(call: (out: BigUint64Array) => void): bigint {
    call(this.#out);
    return this.#out[0]!;
  }

  /**
   * Makes a call that may enter custom ops; until it returns nothing native can be freed.
   *
   * @param context goes into the message of a failure, after the C function's name
   * @throws OnnxRuntimeError whose cause is what a custom op threw
   */
  inFlight(call: () => void, context = (): string => ''): void {
    this.#callsInFlight++;
    this.callbackError = undefined;
    try {
      call();
    } catch (error) {
      if (!(error instanceof OnnxRuntimeError)) throw error;
      throw new OnnxRuntimeError(error.functionName, error.code, error.reason, context(), this.callbackError);
    } finally {
      this.#callsInFlight--;
    }
  }

  /** Throws InvariantError while a session is created or run on this thread, that is: inside a custom op's callback. */
  requireIdle(action: string): void {
    if (this.#callsInFlight > 0) throw new InvariantError(`${action} while a run is in flight on the same thread`);
  }
}

/** The same array, with its memory at an address that stays. */
export function offHeap<T extends ArrayBufferView>(array: T): T {
  void array.buffer;
  return array;
}
