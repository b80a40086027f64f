import { invariant } from '../errors.ts';
import type { Pointer } from './api-functions.ts';
import type { CustomOp, KernelContext, KernelTensor } from './custom-op.ts';
import { type ElementType, elementCount, type TensorData } from './element-type.ts';
import type { OnnxRuntime } from './runtime.ts';
import { dataAddress, nativeShape, readShape, viewMemory } from './tensor.ts';

/** OrtKernelContext. */
export class NativeKernelContext implements KernelContext {
  readonly attributes: Readonly<Record<string, number>>;
  readonly #runtime: OnnxRuntime;
  readonly #pointer: Pointer;
  readonly #op: CustomOp;

  constructor(runtime: OnnxRuntime, pointer: Pointer, op: CustomOp, attributes: Readonly<Record<string, number>>) {
    this.#runtime = runtime;
    this.#pointer = pointer;
    this.#op = op;
    this.attributes = attributes;
  }

  input(index: number): KernelTensor {
    const tensor = this.optionalInput(index);
    invariant(tensor !== undefined, `${this.#op.name}: input ${index} is absent`);
    return tensor;
  }

  optionalInput(index: number): KernelTensor | undefined {
    const declared = this.#op.inputs[index];
    invariant(declared !== undefined, `${this.#op.name} has no input ${index}`);
    const value = this.#runtime.out((out) => this.#runtime.api.KernelContext_GetInput(this.#pointer, index, out));
    if (value === 0n) return undefined;
    const onHost = this.#op.provider === 'cpu' || declared.memory === 'host';
    return new NativeKernelTensor(this.#runtime, value, declared.type, onHost);
  }

  output(index: number, shape: readonly number[]): KernelTensor {
    const declared = this.#op.outputs[index];
    invariant(declared !== undefined, `${this.#op.name} has no output ${index}`);
    const value = this.#runtime.out((out) =>
      this.#runtime.api.KernelContext_GetOutput(this.#pointer, index, nativeShape(shape), shape.length, out),
    );
    return new NativeKernelTensor(this.#runtime, value, declared.type, this.#op.provider === 'cpu', shape);
  }

  get gpuStream(): Pointer {
    return this.#runtime.out((out) => this.#runtime.api.KernelContext_GetGPUComputeStream(this.#pointer, out));
  }
}

/** Asks ONNX Runtime for shape and address when somebody wants to know: of many inputs an operator needs one of the two. */
class NativeKernelTensor implements KernelTensor {
  readonly elementType: ElementType;
  readonly #runtime: OnnxRuntime;
  readonly #value: Pointer;
  readonly #onHost: boolean;
  #shape: readonly number[] | undefined;
  #pointer: Pointer | undefined;

  constructor(
    runtime: OnnxRuntime,
    value: Pointer,
    elementType: ElementType,
    onHost: boolean,
    shape?: readonly number[],
  ) {
    this.#runtime = runtime;
    this.#value = value;
    this.elementType = elementType;
    this.#onHost = onHost;
    this.#shape = shape;
  }

  get shape(): readonly number[] {
    this.#shape ??= readShape(this.#runtime, this.#value);
    return this.#shape;
  }

  get pointer(): Pointer {
    this.#pointer ??= dataAddress(this.#runtime, this.#value);
    return this.#pointer;
  }

  data(): TensorData {
    invariant(this.#onHost, 'device memory has no view in JavaScript');
    return viewMemory(this.pointer, this.elementType, elementCount(this.shape));
  }
}
