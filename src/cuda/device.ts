import { ConfigError } from '../errors.ts';
import { CudaDriver, type Pointer } from './driver.ts';

/** CUdevice_attribute */
const COMPUTE_CAPABILITY_MAJOR = 75;
const COMPUTE_CAPABILITY_MINOR = 76;
const MULTIPROCESSOR_COUNT = 16;
const NAME_BYTES = 256;

/** CU_STREAM_NON_BLOCKING: does not wait for the legacy default stream. */
const NON_BLOCKING = 1;
/** CU_EVENT_DISABLE_TIMING */
const WITHOUT_TIMING = 2;
/** CU_STREAM_CAPTURE_MODE_RELAXED: what other threads do does not break this thread's capture. */
const CAPTURE_MODE_RELAXED = 2;

/** One GPU, with its primary context current on the thread that opened it. */
export class CudaDevice implements Disposable {
  readonly driver: CudaDriver;
  readonly index: number;
  readonly name: string;
  readonly computeCapability: readonly [major: number, minor: number];
  readonly numMultiprocessors: number;
  readonly totalBytes: number;
  readonly #handle: number;

  /** @throws ConfigError when there is no such GPU or no driver */
  constructor(index: number) {
    const driver = CudaDriver.open();
    const count = driver.int((out) => driver.call('cuDeviceGetCount', out));
    if (index >= count) {
      const has = count === 1 ? 'one GPU, number 0' : `${count} GPUs, numbered from 0`;
      throw new ConfigError(`--device cuda:${index}: this machine has ${count === 0 ? 'no GPU' : has}.`);
    }
    this.driver = driver;
    this.index = index;
    this.#handle = driver.int((out) => driver.call('cuDeviceGet', out, index));
    const name = Buffer.alloc(NAME_BYTES);
    driver.call('cuDeviceGetName', name, NAME_BYTES, this.#handle);
    this.name = name.toString('utf8', 0, name.indexOf(0));
    const attribute = (id: number): number =>
      driver.int((out) => driver.call('cuDeviceGetAttribute', out, id, this.#handle));
    this.computeCapability = [attribute(COMPUTE_CAPABILITY_MAJOR), attribute(COMPUTE_CAPABILITY_MINOR)];
    this.numMultiprocessors = attribute(MULTIPROCESSOR_COUNT);
    this.totalBytes = Number(driver.pointer((out) => driver.call('cuDeviceTotalMem_v2', out, this.#handle)));
    const context = driver.pointer((out) => driver.call('cuDevicePrimaryCtxRetain', out, this.#handle));
    driver.call('cuCtxSetCurrent', context);
  }

  /** Free and total memory in bytes, as the driver sees it now. */
  memory(): { readonly free: number; readonly total: number } {
    const total = new BigUint64Array(1);
    void total.buffer;
    const free = this.driver.pointer((out) => this.driver.call('cuMemGetInfo_v2', out, total));
    return { free: Number(free), total: Number(total[0]) };
  }

  createStream(): Pointer {
    return this.driver.pointer((out) => this.driver.call('cuStreamCreate', out, NON_BLOCKING));
  }

  destroyStream(stream: Pointer): void {
    this.driver.call('cuStreamDestroy_v2', stream);
  }

  synchronize(stream: Pointer): void {
    this.driver.call('cuStreamSynchronize', stream);
  }

  /** A point in the work of a stream. */
  createEvent(): Pointer {
    return this.driver.pointer((out) => this.driver.call('cuEventCreate', out, WITHOUT_TIMING));
  }

  destroyEvent(event: Pointer): void {
    this.driver.call('cuEventDestroy_v2', event);
  }

  /** The event is reached when everything that the stream has been given so far is done. */
  recordEvent(event: Pointer, stream: Pointer): void {
    this.driver.call('cuEventRecord', event, stream);
  }

  /** @throws CudaError when something that the GPU did meanwhile has failed */
  hasReached(event: Pointer): boolean {
    return this.driver.isDone('cuEventQuery', event);
  }

  /** This thread's graph captures are no longer broken by CUDA calls of other threads. */
  relaxCaptureMode(): void {
    const mode = Int32Array.of(CAPTURE_MODE_RELAXED);
    void mode.buffer;
    this.driver.call('cuThreadExchangeStreamCaptureMode', mode);
  }

  [Symbol.dispose](): void {
    this.driver.call('cuDevicePrimaryCtxRelease_v2', this.#handle);
  }
}
