import type { CustomOp } from '../../onnxruntime/custom-op.ts';
import type { CudaDriver } from '../driver.ts';
import type { StreamType } from '../element-types.ts';
import { KernelModule } from '../kernel-module.ts';
import { latentWriteOp } from './latent-write.ts';
import { pagedAttentionOp } from './paged-attention.ts';
import { routedExpertsOp } from './routed-experts.ts';

/** The custom operators of the CUDA graphs with their loaded kernels; to be disposed of after the sessions that use them. */
export class CudaOps implements Disposable {
  readonly all: readonly CustomOp[];
  readonly #modules: readonly KernelModule[];

  /** @throws CudaError when the GPU cannot run the kernels */
  constructor(driver: CudaDriver, type: StreamType) {
    const [latentWrite, attention, experts] = ['latent-write', 'attention', 'experts'].map(
      (name) => new KernelModule(driver, `portable-${name}.ptx`),
    );
    this.#modules = [latentWrite!, attention!, experts!];
    this.all = [latentWriteOp(latentWrite!, type), pagedAttentionOp(attention!, type), routedExpertsOp(experts!, type)];
  }

  [Symbol.dispose](): void {
    for (const module of this.#modules) module[Symbol.dispose]();
  }
}
