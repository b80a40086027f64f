import koffi, { type LibraryHandle } from 'koffi';
import { ConfigError } from '../errors.ts';

/** A native address: of host memory, of device memory, or of an object of the driver. */
export type Pointer = bigint;

const LIBRARY = process.platform === 'win32' ? 'nvcuda.dll' : 'libcuda.so.1';
/** The driver that comes with CUDA 13.0, as cuDriverGetVersion counts. */
export const LOWEST_DRIVER_VERSION = 13_000;

/** Functions of the driver library in use: their C names (with the version that the headers map to) and parameters. */
const PROTOTYPES = {
  cuInit: ['uint32_t'],
  cuDriverGetVersion: ['void *'],
  cuDeviceGetCount: ['void *'],
  cuDeviceGet: ['void *', 'int'],
  cuDeviceGetName: ['void *', 'int', 'int'],
  cuDeviceGetAttribute: ['void *', 'int', 'int'],
  cuDeviceTotalMem_v2: ['void *', 'int'],
  cuDevicePrimaryCtxRetain: ['void *', 'int'],
  cuDevicePrimaryCtxRelease_v2: ['int'],
  cuCtxSetCurrent: ['void *'],
  cuCtxSynchronize: [],
  cuMemGetInfo_v2: ['void *', 'void *'],
  cuMemAlloc_v2: ['void *', 'size_t'],
  cuMemFree_v2: ['void *'],
  cuMemcpyHtoD_v2: ['void *', 'void *', 'size_t'],
  cuMemcpyHtoDAsync_v2: ['void *', 'void *', 'size_t', 'void *'],
  cuMemcpyDtoH_v2: ['void *', 'void *', 'size_t'],
  cuMemcpyDtoHAsync_v2: ['void *', 'void *', 'size_t', 'void *'],
  cuMemsetD8_v2: ['void *', 'uint8_t', 'size_t'],
  cuStreamCreate: ['void *', 'uint32_t'],
  cuStreamDestroy_v2: ['void *'],
  cuStreamSynchronize: ['void *'],
  cuThreadExchangeStreamCaptureMode: ['void *'],
  cuMemHostRegister_v2: ['void *', 'size_t', 'uint32_t'],
  cuMemHostUnregister: ['void *'],
  cuEventCreate: ['void *', 'uint32_t'],
  cuEventDestroy_v2: ['void *'],
  cuEventRecord: ['void *', 'void *'],
  cuEventQuery: ['void *'],
  cuProfilerStart: [],
  cuProfilerStop: [],
  cuModuleLoadData: ['void *', 'void *'],
  cuModuleUnload: ['void *'],
  cuModuleGetFunction: ['void *', 'void *', 'const char *'],
  cuModuleGetGlobal_v2: ['void *', 'void *', 'void *', 'const char *'],
  cuFuncSetAttribute: ['void *', 'int', 'int'],
  cuFuncGetParamInfo: ['void *', 'size_t', 'void *', 'void *'],
  cuLaunchKernelEx: ['void *', 'void *', 'void *', 'void *'],
  cuTensorMapEncodeTiled: [
    'void *',
    'int', // element type
    'uint32_t', // rank
    'void *', // address
    ...new Array<string>(4).fill('void *'), // sizes, strides, sizes of a box, strides of its elements
    ...new Array<string>(4).fill('int'), // interleaving, swizzle, promotion in L2, fill
  ],
} as const;

type FunctionName = keyof typeof PROTOTYPES;
/** CUDA_ERROR_NOT_READY */
const NOT_READY = 600;
/** Numbers, addresses, names, and typed arrays that the driver reads or fills during the call. */
type Argument = number | Pointer | string | ArrayBufferView | null;

type DriverFunctions = Readonly<Record<FunctionName, (...args: Argument[]) => number>>;

/** A call of the driver library that failed. */
export class CudaError extends Error {
  override readonly name = 'CudaError';
  readonly code: number;

  constructor(functionName: string, code: number, reason: string) {
    super(`${functionName} failed: ${reason} (CUDA error ${code})`);
    this.code = code;
  }
}

let driver: CudaDriver | undefined;
// koffi unloads a library whose handle has been collected, while its functions are still in use.
let library: LibraryHandle | undefined;

/** The CUDA driver library (libcuda), which comes with the GPU's driver and not with any package. */
export class CudaDriver {
  /** As cuDriverGetVersion counts: 13000 is CUDA 13.0. */
  readonly version: number;
  readonly #functions: DriverFunctions;
  readonly #describe: (code: number, out: ArrayBufferView) => number;

  private constructor(loaded: LibraryHandle) {
    this.#functions = Object.fromEntries(
      Object.entries(PROTOTYPES).map(([name, parameters]) => [name, loaded.func(name, 'int', [...parameters])]),
    ) as unknown as DriverFunctions;
    this.#describe = loaded.func('cuGetErrorString', 'int', ['int', 'void *']);
    this.call('cuInit', 0);
    this.version = this.int((out) => this.call('cuDriverGetVersion', out));
  }

  /**
   * Opens the library, once per thread.
   * @throws ConfigError when there is no driver or no GPU that it can use, or the driver is too old
   */
  static open(): CudaDriver {
    if (driver !== undefined) return driver;
    try {
      library = koffi.load(LIBRARY);
    } catch (cause) {
      throw new ConfigError(
        `There is no NVIDIA driver: ${LIBRARY} cannot be loaded. Install the driver of your GPU (580 or newer, for CUDA 13), or use --device cpu.`,
        { cause },
      );
    }
    let opened: CudaDriver;
    try {
      opened = new CudaDriver(library);
    } catch (cause) {
      throw new ConfigError(`The NVIDIA driver finds no usable GPU: ${(cause as Error).message}`, { cause });
    }
    if (opened.version < LOWEST_DRIVER_VERSION) {
      throw new ConfigError(
        `The NVIDIA driver is too old: it supports CUDA ${formatVersion(opened.version)}, and CUDA 13.0 (driver 580) is needed.`,
      );
    }
    driver = opened;
    return opened;
  }

  /** @throws CudaError */
  call(name: FunctionName, ...args: Argument[]): void {
    const code = this.#functions[name](...args);
    if (code !== 0) throw new CudaError(name, code, this.#reason(code));
  }

  /** Calls a function that asks whether something is done. @throws CudaError when it has failed */
  isDone(name: FunctionName, ...args: Argument[]): boolean {
    const code = this.#functions[name](...args);
    if (code !== 0 && code !== NOT_READY) throw new CudaError(name, code, this.#reason(code));
    return code === 0;
  }

  /** The value that `call` leaves in its 8-byte out parameter: an address or a size. */
  pointer(call: (out: BigUint64Array) => void): Pointer {
    const out = outOfLine(new BigUint64Array(1));
    call(out);
    return out[0]!;
  }

  /** The value that `call` leaves in its int out parameter. */
  int(call: (out: Int32Array) => void): number {
    const out = outOfLine(new Int32Array(1));
    call(out);
    return out[0]!;
  }

  #reason(code: number): string {
    const out = outOfLine(new BigUint64Array(1));
    if (this.#describe(code, out) !== 0 || out[0] === 0n) return 'unknown error';
    return koffi.decode.string(out[0]!);
  }
}

/** 13000 -> 13.0 */
export function formatVersion(version: number): string {
  return `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;
}

/** Touching `.buffer` moves a small typed array off the JavaScript heap, where the collector could move it. */
function outOfLine<T extends ArrayBufferView>(array: T): T {
  void array.buffer;
  return array;
}
