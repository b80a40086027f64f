import koffi from 'koffi';
import { invariant } from '../errors.ts';
import type { Allocator } from './allocator.ts';
import type { Pointer } from './api-functions.ts';
import { type ElementType, elementCount, elementTypeOfData, elementTypes, type TensorData } from './element-type.ts';
import { CPU_DEVICE, type Device, MemoryInfo } from './memory-info.ts';
import { NativeHandle } from './native-handle.ts';
import { type OnnxRuntime, offHeap } from './runtime.ts';

const hostMemory = new WeakMap<OnnxRuntime, MemoryInfo>();

/** OrtValue that holds a tensor, in host or device memory. */
export class Tensor extends NativeHandle {
  readonly elementType: ElementType;
  readonly shape: readonly number[];
  readonly device: Device;
  #data: TensorData | undefined;

  private constructor(
    runtime: OnnxRuntime,
    pointer: Pointer,
    owners: readonly NativeHandle[],
    elementType: ElementType,
    shape: readonly number[],
    device: Device,
    data?: TensorData,
  ) {
    super(runtime, pointer, owners);
    this.elementType = elementType;
    this.shape = shape;
    this.device = device;
    this.#data = data;
  }

  /**
   * A tensor over the memory of a typed array (on a SharedArrayBuffer too), which is referenced as long as the tensor
   * is and must not be transferred to another thread meanwhile. Writes to the array are seen by the next run.
   *
   * @param elementType defaults to the array's; must be given for a Uint16Array (f16, bf16 or u16)
   * @throws InvariantError when shape, type and array do not fit
   */
  static over(runtime: OnnxRuntime, data: TensorData, shape: readonly number[], elementType?: ElementType): Tensor {
    const type = elementType ?? elementTypeOfData(data);
    const { code, bytes } = elementTypes[type];
    invariant(data.BYTES_PER_ELEMENT === bytes, `${type} does not lie over a ${data[Symbol.toStringTag]}`);
    invariant(elementCount(shape) === data.length, `[${shape}] is not the shape of ${data.length} elements`);
    const memory = hostMemoryOf(runtime);
    const dims = nativeShape(shape);
    const pointer = runtime.out((out) =>
      runtime.api.CreateTensorWithDataAsOrtValue(
        memory.pointer,
        offHeap(data),
        data.byteLength,
        dims,
        shape.length,
        code,
        out,
      ),
    );
    return new Tensor(runtime, pointer, [], type, shape, CPU_DEVICE, data);
  }

  /** A tensor with uninitialised memory of `allocator`, in host or device memory. */
  static allocate(allocator: Allocator, elementType: ElementType, shape: readonly number[]): Tensor {
    elementCount(shape);
    const { runtime } = allocator;
    const { code } = elementTypes[elementType];
    const pointer = runtime.out((out) =>
      runtime.api.CreateTensorAsOrtValue(allocator.pointer, nativeShape(shape), shape.length, code, out),
    );
    return new Tensor(runtime, pointer, [allocator], elementType, shape, allocator.device);
  }

  /**
   * A tensor over memory of the device that `memory` names, which must outlive it.
   * @param address of the first element
   */
  static overDevice(memory: MemoryInfo, address: Pointer, elementType: ElementType, shape: readonly number[]): Tensor {
    const { runtime } = memory;
    const { code, bytes } = elementTypes[elementType];
    const pointer = runtime.out((out) =>
      runtime.api.CreateTensorWithDataAsOrtValue(
        memory.pointer,
        address,
        elementCount(shape) * bytes,
        nativeShape(shape),
        shape.length,
        code,
        out,
      ),
    );
    return new Tensor(runtime, pointer, [memory], elementType, shape, memory.device);
  }

  /** Takes over an OrtValue that ONNX Runtime made for `owner`; shape and type are read from it. */
  static adopt(owner: NativeHandle, pointer: Pointer, elementType: ElementType, device: Device): Tensor {
    return new Tensor(owner.runtime, pointer, [owner], elementType, readShape(owner.runtime, pointer), device);
  }

  /** Address of the first element, in the memory of {@link device}. */
  get dataPointer(): Pointer {
    return dataAddress(this.runtime, this.pointer);
  }

  get byteLength(): number {
    return elementCount(this.shape) * elementTypes[this.elementType].bytes;
  }

  /**
   * The elements, without copying: the array that the tensor lies over, or a view of ONNX Runtime's memory. **Such a
   * view must not be touched after `dispose`**: it cannot be detached, and its memory is then someone else's. Making
   * one costs about 1 us plus 30 us a MB (the garbage collector's bookkeeping), so bind outputs over arrays of your own
   * where shapes are known.
   *
   * @throws InvariantError for device memory
   */
  data(): TensorData {
    const pointer = this.pointer;
    invariant(this.device.type === 'cpu', 'device memory has no view in JavaScript');
    this.#data ??= viewMemory(dataAddress(this.runtime, pointer), this.elementType, elementCount(this.shape));
    return this.#data;
  }

  protected override release(pointer: Pointer): void {
    this.runtime.api.ReleaseValue(pointer);
    this.#data = undefined;
  }
}

/** Address of the first element of the tensor in an OrtValue. */
export function dataAddress(runtime: OnnxRuntime, value: Pointer): Pointer {
  return runtime.out((out) => runtime.api.GetTensorMutableData(value, out));
}

/** `elements` elements of host memory as a typed array, without copying; valid as long as the memory is. */
export function viewMemory(address: Pointer, elementType: ElementType, elements: number): TensorData {
  const { bytes, view } = elementTypes[elementType];
  return view(elements === 0 ? new ArrayBuffer(0) : koffi.view(address, elements * bytes));
}

export function readShape(runtime: OnnxRuntime, value: Pointer): number[] {
  const dims = runtime.out((out) =>
    runtime.api.GetTensorElementTypeAndShapeDataReference(value, elementTypeOut, out, rankOut),
  );
  const shape: number[] = [];
  for (let i = 0n; i < rankOut[0]!; i++) shape.push(Number(koffi.decode.int64(dims + 8n * i)));
  return shape;
}

/** Out parameters of {@link readShape}, which operators call several times each: to make new ones takes as long as the call. */
const elementTypeOut = offHeap(new Int32Array(1));
const rankOut = offHeap(new BigUint64Array(1));

/** The shape as int64_t values. */
export function nativeShape(shape: readonly number[]): BigInt64Array {
  return offHeap(BigInt64Array.from(shape, BigInt));
}

function hostMemoryOf(runtime: OnnxRuntime): MemoryInfo {
  let memory = hostMemory.get(runtime);
  if (memory === undefined) {
    memory = new MemoryInfo(runtime, CPU_DEVICE);
    hostMemory.set(runtime, memory);
  }
  return memory;
}
