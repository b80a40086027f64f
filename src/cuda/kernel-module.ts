import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';
import type { CudaDriver, Pointer } from './driver.ts';
import { KernelArguments } from './kernel-arguments.ts';
import { type Launch, LaunchConfiguration } from './launch-configuration.ts';

/** CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES */
const MAX_DYNAMIC_SHARED = 8;
/** CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, in percent */
const SHARED_CARVEOUT = 9;
/** Dynamic shared memory that needs no permission is 48 KiB; from less on the carve-out decides how many blocks fit an SM. */
const FREE_SHARED_BYTES = 24 * 1024;

/** Compiled kernels (PTX, which the driver finishes compiling for its GPU, or machine code), loaded into the current context. */
export class KernelModule implements Disposable {
  readonly #driver: CudaDriver;
  readonly #module: Pointer;
  readonly #functions = new Map<string, Pointer>();
  readonly #sharedLimits = new Map<string, number>();
  readonly #constants = new Map<string, number>();
  readonly #parameterOffsets = new Map<string, number>();
  readonly #arguments = new KernelArguments();
  readonly #configuration = new LaunchConfiguration();

  /**
   * @param file name in kernels/compiled, where it lies compressed
   * @throws CudaError when the GPU cannot run it
   */
  constructor(driver: CudaDriver, file: string) {
    this.#driver = driver;
    const compressed = new URL(`kernels/compiled/${file}.br`, import.meta.url);
    const image = brotliDecompressSync(readFileSync(fileURLToPath(compressed)));
    // PTX is text that ends with a NUL.
    const terminated = Buffer.concat([image, Buffer.alloc(1)]);
    this.#module = driver.pointer((out) => driver.call('cuModuleLoadData', out, terminated));
  }

  /**
   * Enqueues a kernel. @param fill writes its arguments in the order of its parameters
   * @throws CudaError
   */
  launch(name: string, launch: Launch, fill: (into: KernelArguments) => unknown): void {
    const kernel = this.#function(name);
    const { shared = 0 } = launch;
    if (shared > (this.#sharedLimits.get(name) ?? FREE_SHARED_BYTES)) {
      this.#driver.call('cuFuncSetAttribute', kernel, MAX_DYNAMIC_SHARED, shared);
      this.#driver.call('cuFuncSetAttribute', kernel, SHARED_CARVEOUT, 100);
      this.#sharedLimits.set(name, shared);
    }
    fill(this.#arguments.reset());
    const configuration = this.#configuration.write(launch);
    this.#driver.call('cuLaunchKernelEx', configuration, kernel, null, this.#arguments.finish());
  }

  /** Where the kernel's parameter with this index lies among its arguments, in bytes. */
  parameterOffset(name: string, index: number): number {
    const key = `${name}:${index}`;
    let offset = this.#parameterOffsets.get(key);
    if (offset === undefined) {
      const size = outParameter();
      const kernel = this.#function(name);
      offset = Number(this.#driver.pointer((out) => this.#driver.call('cuFuncGetParamInfo', kernel, index, out, size)));
      this.#parameterOffsets.set(key, offset);
    }
    return offset;
  }

  /** The module's int `<name>_sharedBytes`: dynamic shared memory that the kernels of this name need. */
  sharedBytes(name: string): number {
    const known = this.#constants.get(name);
    if (known !== undefined) return known;
    const size = outParameter();
    const address = this.#driver.pointer((out) =>
      this.#driver.call('cuModuleGetGlobal_v2', out, size, this.#module, `${name}_sharedBytes`),
    );
    const value = this.#driver.int((out) => this.#driver.call('cuMemcpyDtoH_v2', out, address, 4));
    this.#constants.set(name, value);
    return value;
  }

  [Symbol.dispose](): void {
    this.#driver.call('cuModuleUnload', this.#module);
  }

  #function(name: string): Pointer {
    let kernel = this.#functions.get(name);
    if (kernel === undefined) {
      kernel = this.#driver.pointer((out) => this.#driver.call('cuModuleGetFunction', out, this.#module, name));
      this.#functions.set(name, kernel);
    }
    return kernel;
  }
}

/** For a size that nobody wants to know. Touching `.buffer` moves the array off the JavaScript heap. */
function outParameter(): BigUint64Array {
  const out = new BigUint64Array(1);
  void out.buffer;
  return out;
}
