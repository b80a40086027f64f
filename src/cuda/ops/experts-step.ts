import type { Pointer } from '../driver.ts';
import { launchAddNorm, type NormedSumTensors } from './add-norm.ts';
import type { GpuKernels } from './gpu-kernels.ts';

/** Sizes and routing of a layer's experts. */
export interface ExpertSizes {
  /** That are chosen from. */
  readonly experts: number;
  readonly topK: number;
  /** Shared experts, the last of the stack: every token has them, behind its choices and with a weight of 1. */
  readonly shared: number;
  readonly hidden: number;
  readonly inter: number;
  /** 0: the choice is not limited to groups. */
  readonly groups: number;
  readonly topGroups: number;
  /** The weights sum to 1 and are not scaled. */
  readonly normalizes: boolean;
  readonly scale: number;
  /** The weights are int8 with scales (packing/quantize-rows.ts). */
  readonly isQuantized: boolean;
}

/** What the way of computing, and so its scratch memory, depends on. */
export type ScratchSizes = Omit<ExpertSizes, 'topGroups' | 'scale'>;

/** Experts of a layer, shared ones included: the length of its stacks. */
export function allExperts({ experts, shared }: Pick<ExpertSizes, 'experts' | 'shared'>): number {
  return experts + shared;
}

/** Experts of a token, shared ones included: the width of `ids` and `weights`. */
export function choicesOf({ topK, shared }: Pick<ExpertSizes, 'topK' | 'shared'>): number {
  return topK + shared;
}

/** Tensors of one layer in one step (kernels/portable/experts.cu, experts-int8.cu). The experts' sum is added to the residual stream. */
export interface ExpertTensors extends NormedSumTensors {
  readonly numTokens: number;
  readonly x: Pointer;
  readonly logits: Pointer;
  readonly gateUp: Pointer;
  readonly down: Pointer;
  /** Null where the weights have none. */
  readonly gateUpScales: Pointer | null;
  readonly downScales: Pointer | null;
}

/** What a way of computing the experts needs beside its tensors, in elements; each at least 1. */
export interface ExpertScratch {
  /** i32 */
  readonly ids: number;
  /** f32 */
  readonly weights: number;
  /** f32 */
  readonly hiddenF32: number;
  /** f16 */
  readonly hiddenF16: number;
  /** f16 */
  readonly rows: number;
  /** i32 */
  readonly groups: number;
  /** Of the stream's type: the experts' sum, where the kernel behind it does the rest. */
  readonly sums: number;
}

export type ScratchPointers = Readonly<Record<keyof ExpertScratch, Pointer>>;

/** One way of computing a layer's experts. */
export interface ExpertsKernels {
  scratch(sizes: ScratchSizes, numTokens: number): ExpertScratch;
  launch(sizes: ExpertSizes, tensors: ExpertTensors, scratch: ScratchPointers, stream: Pointer): void;
}

/** Enqueues what follows an experts' sum that lies in the scratch memory. */
export function launchNormOfSums(
  kernels: GpuKernels,
  { hidden }: ExpertSizes,
  tensors: ExpertTensors,
  { sums }: ScratchPointers,
  stream: Pointer,
): void {
  launchAddNorm(kernels, { ...tensors, hidden, x: sums }, stream);
}
