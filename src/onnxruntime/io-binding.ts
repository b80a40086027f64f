import koffi from 'koffi';
import { invariant } from '../errors.ts';
import type { Pointer } from './api-functions.ts';
import type { MemoryInfo } from './memory-info.ts';
import { NativeHandle } from './native-handle.ts';
import { offHeap } from './runtime.ts';
import type { SessionHandle } from './session-handle.ts';
import { Tensor } from './tensor.ts';
import { describeValues, type ValueInfo } from './value-info.ts';

/**
 * OrtIoBinding: the tensors that the inputs and outputs of a session are read from and written to, kept from run to
 * run. Bound tensors are referenced, natively too: they may be disposed of while they are bound.
 */
export class IoBinding extends NativeHandle {
  readonly session: SessionHandle;
  readonly #inputs = new Map<string, Tensor>();
  // In the order of binding, which is also that of GetBoundOutputValues.
  readonly #outputs = new Map<string, Tensor | MemoryInfo>();
  readonly #inputInfos: ReadonlyMap<string, ValueInfo>;
  readonly #outputInfos: ReadonlyMap<string, ValueInfo>;
  #hasResults = false;

  constructor(session: SessionHandle) {
    const { runtime } = session;
    super(
      runtime,
      runtime.out((out) => runtime.api.CreateIoBinding(session.pointer, out)),
      [session],
    );
    this.session = session;
    this.#inputInfos = new Map(session.inputs.map((info) => [info.name, info]));
    this.#outputInfos = new Map(session.outputs.map((info) => [info.name, info]));
  }

  /**
   * Binds an input, replacing what was bound before. On CPU the run reads the tensor's memory, so binding once is
   * enough; a host tensor for an input on a device is copied **now**, so bind again after every change of its data.
   *
   * @throws InvariantError when the session has no such input
   */
  bindInput(name: string, tensor: Tensor): void {
    if (!this.#inputInfos.has(name)) {
      const bound = describeValues([...describe(this.#inputs), { name, ...pick(tensor) }]);
      invariant(
        false,
        `the model has no input "${name}" (inputs: ${describeValues(this.session.inputs)}; bound: ${bound})`,
      );
    }
    this.runtime.api.BindInput(this.pointer, name, tensor.pointer);
    this.#inputs.set(name, tensor);
  }

  /** Binds an output to a tensor of the very shape that it will have. Throws InvariantError for an unknown output. */
  bindOutput(name: string, tensor: Tensor): void {
    this.#requireOutput(name);
    this.#hasResults = false;
    this.runtime.api.BindOutput(this.pointer, name, tensor.pointer);
    this.#outputs.set(name, tensor);
  }

  /** Lets ONNX Runtime allocate an output, anew in every run. Throws InvariantError for an unknown output. */
  bindOutputToDevice(name: string, memoryInfo: MemoryInfo): void {
    this.#requireOutput(name);
    this.#hasResults = false;
    this.runtime.api.BindOutputToDevice(this.pointer, name, memoryInfo.pointer);
    this.#outputs.set(name, memoryInfo);
  }

  clearInputs(): void {
    this.runtime.api.ClearBoundInputs(this.pointer);
    this.#inputs.clear();
  }

  clearOutputs(): void {
    this.#hasResults = false;
    this.runtime.api.ClearBoundOutputs(this.pointer);
    this.#outputs.clear();
  }

  /** Waits until inputs bound from another device have been copied. */
  synchronizeInputs(): void {
    this.runtime.api.SynchronizeBoundInputs(this.pointer);
  }

  /** Waits until the outputs of the last run have been computed. */
  synchronizeOutputs(): void {
    this.runtime.api.SynchronizeBoundOutputs(this.pointer);
  }

  /**
   * The outputs of the last run by name. A bound tensor is returned itself; one that ONNX Runtime allocated is a new
   * handle in every call, for the caller to dispose of, and keeps its values whatever runs next.
   *
   * @throws InvariantError when the last run failed or outputs were bound after it
   */
  getOutputs(): Record<string, Tensor> {
    invariant(this.#hasResults, 'the binding has no results: it has not been run since its outputs were bound');
    const values = this.#outputValues();
    const outputs: Record<string, Tensor> = {};
    for (const [index, [name, target]] of [...this.#outputs].entries()) {
      const value = values[index]!;
      if (target instanceof Tensor) {
        this.runtime.api.ReleaseValue(value);
        outputs[name] = target;
      } else {
        outputs[name] = Tensor.adopt(this.session, value, this.#outputInfos.get(name)!.elementType, target.device);
      }
    }
    return outputs;
  }

  /** For {@link Session.run}: makes the binding ready. Throws InvariantError when an input is not bound. */
  beginRun(): void {
    if (this.#inputs.size !== this.#inputInfos.size) {
      const missing = this.session.inputNames.filter((name) => !this.#inputs.has(name)).map((name) => `"${name}"`);
      invariant(false, `input ${missing.join(', ')} is not bound (bound: ${this.describeInputs()})`);
    }
    // Without this a second run would write into the tensors that the first one allocated, and fail on another shape.
    for (const [name, target] of this.#outputs) {
      if (!(target instanceof Tensor)) this.runtime.api.BindOutputToDevice(this.pointer, name, target.pointer);
    }
    this.#hasResults = false;
  }

  /** For {@link Session.run}: the outputs have been computed. */
  endRun(): void {
    this.#hasResults = true;
  }

  /** `name: type[shape]` of every bound input; never their data. */
  describeInputs(): string {
    return describeValues(describe(this.#inputs));
  }

  protected override release(pointer: Pointer): void {
    this.runtime.api.ReleaseIoBinding(pointer);
    this.#inputs.clear();
    this.#outputs.clear();
  }

  #requireOutput(name: string): void {
    if (this.#outputInfos.has(name)) return;
    invariant(false, `the model has no output "${name}" (outputs: ${describeValues(this.session.outputs)})`);
  }

  /** OrtValues in the order of binding, to be released by the caller. */
  #outputValues(): Pointer[] {
    const { api, defaultAllocator } = this.runtime;
    const count = offHeap(new BigUint64Array(1));
    const array = this.runtime.out((out) => api.GetBoundOutputValues(this.pointer, defaultAllocator, out, count));
    if (count[0] === 0n) return [];
    const values = koffi.decode(array, 'void *', Number(count[0])) as Pointer[];
    api.AllocatorFree(defaultAllocator, array);
    return values;
  }
}

function pick({ elementType, shape }: Tensor): Pick<Tensor, 'elementType' | 'shape'> {
  return { elementType, shape };
}

function describe(
  tensors: ReadonlyMap<string, Tensor>,
): { name: string; elementType: Tensor['elementType']; shape: Tensor['shape'] }[] {
  return Array.from(tensors, ([name, tensor]) => ({ name, ...pick(tensor) }));
}
