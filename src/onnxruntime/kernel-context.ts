import { invariant } from '../errors.ts';
import type { Pointer } from './api-functions.ts';
import type { CustomOp, KernelContext, KernelTensor } from './custom-op.ts';
import { type ElementType, elementCount } from './element-type.ts';
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
    return kernelTensor(this.#runtime, value, readShape(this.#runtime, value), declared.type, onHost);
  }

  output(index: number, shape: readonly number[]): KernelTensor {
    const declared = this.#op.outputs[index];
    invariant(declared !== undefined, `${this.#op.name} has no output ${index}`);
    const value = this.#runtime.out((out) =>
      this.#runtime.api.KernelContext_GetOutput(this.#pointer, index, nativeShape(shape), shape.length, out),
    );
    return kernelTensor(this.#runtime, value, shape, declared.type, this.#op.provider === 'cpu');
  }

  get gpuStream(): Pointer {
    return this.#runtime.out((out) => this.#runtime.api.KernelContext_GetGPUComputeStream(this.#pointer, out));
  }
}

function kernelTensor(
  runtime: OnnxRuntime,
  value: Pointer,
  shape: readonly number[],
  elementType: ElementType,
  onHost: boolean,
): KernelTensor {
  const pointer = dataAddress(runtime, value);
  return {
    shape,
    elementType,
    pointer,
    data() {
      invariant(onHost, 'device memory has no view in JavaScript');
      return viewMemory(pointer, elementType, elementCount(shape));
    },
  };
}
