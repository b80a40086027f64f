import koffi from 'koffi';
import { invariant } from '../errors.ts';
import type { Pointer } from './api-functions.ts';
import type { CustomOp } from './custom-op.ts';
import { type CustomOpCallbacks, type RegisteredOp, registerCallbacks } from './custom-op-callbacks.ts';
import { NativeHandle } from './native-handle.ts';
import type { OnnxRuntime } from './runtime.ts';

/** The version of `struct OrtCustomOp` that is filled in; later ones only append fields. */
const CUSTOM_OP_VERSION = 22n;
const providerNames = { cpu: 'CPUExecutionProvider', cuda: 'CUDAExecutionProvider' } as const;

/**
 * OrtCustomOpDomain: operators with kernels in JavaScript, for sessions of one thread. Its callbacks are unregistered
 * when the domain and every session that uses it are disposed of.
 */
export class CustomOpDomain extends NativeHandle {
  readonly name: string;
  readonly #ops = new Map<Pointer, RegisteredOp>();
  readonly #callbacks: CustomOpCallbacks;

  constructor(runtime: OnnxRuntime, name: string) {
    super(
      runtime,
      runtime.out((out) => runtime.api.CreateCustomOpDomain(name, out)),
    );
    this.name = name;
    this.#callbacks = registerCallbacks(runtime, this.#ops);
  }

  /** Adds an operator; sessions created afterwards from options with this domain know it. */
  registerCustomOp(op: CustomOp): void {
    const domain = this.pointer;
    const twice = [...this.#ops.values()].some((known) => known.op.name === op.name);
    invariant(!twice, `custom op ${this.name}.${op.name} is registered twice`);
    const words = [CUSTOM_OP_VERSION, ...this.#callbacks.fields];
    const struct: Pointer = koffi.alloc('uint64_t', words.length);
    koffi.encode(struct, 'uint64_t', words, words.length);
    this.#ops.set(struct, { op, name: cString(op.name), provider: cString(providerNames[op.provider]) });
    this.runtime.api.CustomOpDomain_Add(domain, struct);
  }

  protected override release(pointer: Pointer): void {
    this.runtime.api.ReleaseCustomOpDomain(pointer);
    this.#callbacks.unregister();
    for (const [struct, { name, provider }] of this.#ops) {
      for (const memory of [struct, name, provider]) koffi.free(memory);
    }
  }
}

/** A NUL-terminated UTF-8 string in native memory, to be freed with koffi.free. */
function cString(text: string): Pointer {
  const bytes = new TextEncoder().encode(`${text}\0`);
  const memory: Pointer = koffi.alloc('uint8_t', bytes.length);
  koffi.encode(memory, 'uint8_t', bytes, bytes.length);
  return memory;
}
