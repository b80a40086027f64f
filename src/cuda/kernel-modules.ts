import type { CudaDriver } from './driver.ts';
import { KernelModule } from './kernel-module.ts';

/** The compiled kernels of the current context, each file loaded when it is first asked for. */
export class KernelModules implements Disposable {
  readonly #driver: CudaDriver;
  readonly #modules = new Map<string, KernelModule>();

  constructor(driver: CudaDriver) {
    this.#driver = driver;
  }

  /**
   * @param file name in kernels/compiled
   * @throws CudaError when the GPU cannot run it
   */
  get(file: string): KernelModule {
    let module = this.#modules.get(file);
    if (module === undefined) {
      module = new KernelModule(this.#driver, file);
      this.#modules.set(file, module);
    }
    return module;
  }

  [Symbol.dispose](): void {
    for (const module of this.#modules.values()) module[Symbol.dispose]();
  }
}
