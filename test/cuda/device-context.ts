import type { CudaDevice } from '../../src/cuda/device.ts';
import { DeviceBuffer } from '../../src/cuda/device-buffer.ts';
import type { CustomOp, KernelContext, KernelTensor } from '../../src/onnxruntime/custom-op.ts';
import type { ElementType } from '../../src/onnxruntime/element-type.ts';

const BYTES: Partial<Record<ElementType, number>> = { f32: 4, i32: 4, i64: 8, f16: 2, bf16: 2, u8: 1 };

/** A tensor in device memory. */
export interface DeviceTensor {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly buffer: DeviceBuffer;
}

/** Runs custom operators of the CUDA provider without ONNX Runtime: tensors in device memory, one stream. */
export class DeviceContext implements Disposable {
  readonly device: CudaDevice;
  readonly stream: bigint;
  readonly #buffers: DeviceBuffer[] = [];

  constructor(device: CudaDevice) {
    this.device = device;
    this.stream = device.createStream();
  }

  /** A tensor filled with `data`, which is repeated until it is full; all bits set where there is none. */
  tensor(type: ElementType, shape: readonly number[], data?: ArrayBufferView<ArrayBuffer>): DeviceTensor {
    const bytes = shape.reduce((product, size) => product * size, BYTES[type]!);
    const buffer = new DeviceBuffer(this.device.driver, Math.max(16, bytes));
    this.#buffers.push(buffer);
    const { driver } = this.device;
    if (data === undefined) {
      driver.call('cuMemsetD8_v2', buffer.address, 0xff, bytes);
      driver.call('cuCtxSynchronize');
    } else {
      const all = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      for (let at = 0; at < bytes; at += all.length) {
        const count = Math.min(all.length, bytes - at);
        driver.call('cuMemcpyHtoD_v2', buffer.address + BigInt(at), all.subarray(0, count), count);
      }
    }
    return { type, shape, buffer };
  }

  /** A tensor of floating-point numbers, each rounded toward zero. */
  tensorOf(type: 'f32' | 'f16' | 'bf16', shape: readonly number[], values: Float32Array<ArrayBuffer>): DeviceTensor {
    const encode = { f32: null, f16: f16Bits, bf16: bf16Bits }[type];
    return this.tensor(type, shape, encode === null ? values : Uint16Array.from(values, encode));
  }

  /** Computes one node and returns its outputs, which are NaN before. */
  run(op: CustomOp, attributes: Record<string, number>, inputs: readonly DeviceTensor[]): DeviceTensor[] {
    const outputs: DeviceTensor[] = [];
    const asKernelTensor = ({ type, shape, buffer }: DeviceTensor): KernelTensor => ({
      shape,
      elementType: type,
      pointer: buffer.address,
      data() {
        throw new Error('the tensor lies in device memory');
      },
    });
    const context: KernelContext = {
      attributes,
      gpuStream: this.stream,
      input: (index) => asKernelTensor(inputs[index]!),
      optionalInput: (index) => (inputs[index] ? asKernelTensor(inputs[index]) : undefined),
      output: (index, shape) => {
        outputs[index] = this.tensor(op.outputs[index]!.type, shape);
        return asKernelTensor(outputs[index]!);
      },
    };
    op.compute(context);
    this.device.synchronize(this.stream);
    return outputs;
  }

  /** The values of a floating-point tensor. */
  read({ type, shape, buffer }: DeviceTensor): Float32Array {
    const count = shape.reduce((product, size) => product * size, 1);
    const bits = type === 'f32' ? new Float32Array(count) : new Uint16Array(count);
    void bits.buffer;
    buffer.download(bits, this.stream);
    this.device.synchronize(this.stream);
    if (bits instanceof Float32Array) return bits;
    const values = VALUES[type as keyof typeof VALUES];
    const result = new Float32Array(bits.length);
    for (let i = 0; i < bits.length; i++) result[i] = values[bits[i]!]!;
    return result;
  }

  [Symbol.dispose](): void {
    for (const buffer of this.#buffers) buffer[Symbol.dispose]();
    this.device.destroyStream(this.stream);
  }
}

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

function bf16Value(bits: number): number {
  word[0] = bits << 16;
  return float[0]!;
}

function bf16Bits(value: number): number {
  float[0] = value;
  return word[0]! >>> 16;
}

/** Of values between 2^-14 and 2^15 in size; the smaller ones become zero. */
function f16Bits(value: number): number {
  float[0] = value;
  const bits = word[0]!;
  const exponent = ((bits >>> 23) & 255) - 112;
  return ((bits >>> 16) & 0x8000) | (exponent <= 0 ? 0 : (exponent << 10) | ((bits >>> 13) & 1023));
}

function f16Value(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** The value of each bit pattern. */
const VALUES = {
  bf16: Float32Array.from({ length: 2 ** 16 }, (_, bits) => bf16Value(bits)),
  f16: Float32Array.from({ length: 2 ** 16 }, (_, bits) => f16Value(bits)),
} as const;
