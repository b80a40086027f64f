import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CudaDriver, Pointer } from './driver.ts';
import { KernelArguments } from './kernel-arguments.ts';

/** CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES */
const MAX_DYNAMIC_SHARED = 8;
/** Dynamic shared memory that needs no permission. */
const FREE_SHARED_BYTES = 48 * 1024;

export interface Launch {
  readonly grid: readonly [x: number, y?: number, z?: number];
  /** Threads of a block. */
  readonly block: number;
  /** Dynamic shared memory in bytes; 0 when absent. */
  readonly shared?: number;
  /** The CUstream to launch on. */
  readonly stream: Pointer;
}

/** Compiled kernels (PTX, which the driver finishes compiling for its GPU, or machine code), loaded into the current context. */
export class KernelModule implements Disposable {
  readonly #driver: CudaDriver;
  readonly #module: Pointer;
  readonly #functions = new Map<string, Pointer>();
  readonly #sharedLimits = new Map<string, number>();
  readonly #arguments = new KernelArguments();

  /**
   * @param file name in kernels/compiled
   * @throws CudaError when the GPU cannot run it
   */
  constructor(driver: CudaDriver, file: string) {
    this.#driver = driver;
    const image = readFileSync(fileURLToPath(new URL(`kernels/compiled/${file}`, import.meta.url)));
    // PTX is text that ends with a NUL.
    const terminated = Buffer.concat([image, Buffer.alloc(1)]);
    this.#module = driver.pointer((out) => driver.call('cuModuleLoadData', out, terminated));
  }

  /**
   * Enqueues a kernel. @param fill writes its arguments in the order of its parameters
   * @throws CudaError
   */
  launch(name: string, { grid, block, shared = 0, stream }: Launch, fill: (into: KernelArguments) => unknown): void {
    const kernel = this.#function(name);
    if (shared > (this.#sharedLimits.get(name) ?? FREE_SHARED_BYTES)) {
      this.#driver.call('cuFuncSetAttribute', kernel, MAX_DYNAMIC_SHARED, shared);
      this.#sharedLimits.set(name, shared);
    }
    fill(this.#arguments.reset());
    const [x, y = 1, z = 1] = grid;
    const extra = this.#arguments.finish();
    this.#driver.call('cuLaunchKernel', kernel, x, y, z, block, 1, 1, shared, stream, null, extra);
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
