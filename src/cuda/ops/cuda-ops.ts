import type { CustomOp } from '../../onnxruntime/custom-op.ts';
import type { CudaDevice } from '../device.ts';
import type { LatentCode, StreamType } from '../element-types.ts';
import { addNormOp } from './add-norm.ts';
import { attentionOperandsOp } from './attention-operands.ts';
import { attentionPlanOp } from './attention-plan.ts';
import { gatedLinearOps } from './gated-linear.ts';
import { GpuKernels, type KernelChoice, type StepKind } from './gpu-kernels.ts';
import { latentWriteOp } from './latent-write.ts';
import { linearOps } from './linear.ts';
import { mlaAttentionOp } from './mla-attention.ts';
import { rmsNormOp } from './rms-norm.ts';
import { rotaryTablesOp } from './rotary-tables.ts';
import { RoutedExperts } from './routed-experts.ts';
import { routerLogitsOp } from './router-logits.ts';

/** The custom operators of the CUDA graphs with their kernels; to be disposed of after the sessions that use them. */
export class CudaOps implements Disposable {
  readonly all: readonly CustomOp[];
  readonly #kernels: GpuKernels;
  readonly #experts: RoutedExperts;

  /**
   * @param type of the activations
   * @param choice `portable` forces the kernels that run on every GPU
   * @param code of 8-bit latents; null: the pool holds values of `type`
   * @throws CudaError when the GPU has no memory left
   */
  constructor(device: CudaDevice, type: StreamType, choice: KernelChoice = 'auto', code: LatentCode | null = null) {
    this.#kernels = new GpuKernels(device, type, choice, code);
    this.#experts = new RoutedExperts(this.#kernels);
    const kernels = this.#kernels;
    this.all = [
      ...linearOps(kernels),
      ...gatedLinearOps(kernels),
      latentWriteOp(kernels),
      attentionPlanOp(kernels),
      attentionOperandsOp(kernels),
      mlaAttentionOp(kernels),
      routerLogitsOp(kernels),
      ...this.#experts.all,
      addNormOp(kernels),
      rmsNormOp(kernels),
      rotaryTablesOp(kernels),
    ];
  }

  /**
   * Announces the next step, by what no tensor says of it. A captured graph keeps what it was captured with.
   */
  beginStep(step: StepKind): void {
    this.#kernels.step = step;
  }

  [Symbol.dispose](): void {
    this.#experts[Symbol.dispose]();
    this.#kernels[Symbol.dispose]();
  }
}
