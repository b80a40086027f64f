import type { CustomOp, KernelContext } from '../../onnxruntime/custom-op.ts';
import type { ExpertSizes, ExpertsKernels } from './experts-step.ts';
import type { GpuKernels } from './gpu-kernels.ts';
import { GroupedExperts } from './grouped-experts.ts';
import { PortableExperts } from './portable-experts.ts';
import { SmallExperts } from './small-experts.ts';

/**
 * RoutedExperts: routing and the routed experts' weighted sum (kernels/portable/experts.cu says what the tensors hold).
 *
 * Inputs: x [T, hidden], router logits f32 [T, experts], gate_up [experts, 2 * inter, hidden], down [experts, hidden,
 * inter]. Outputs: y [T, hidden]; then scratch memory: ids i32, weights f32, h f32, h f16, rows f16, groups i32.
 */
export class RoutedExperts implements Disposable {
  readonly op: CustomOp;
  readonly #small: SmallExperts;
  readonly #grouped: GroupedExperts;
  readonly #portable: PortableExperts;

  constructor(kernels: GpuKernels) {
    this.#small = new SmallExperts(kernels);
    this.#grouped = new GroupedExperts(kernels);
    this.#portable = new PortableExperts(kernels);
    const { type } = kernels;
    const weights = { type: type === 'f32' ? 'f32' : 'f16' } as const;
    const scratch = [{ type: 'i32' }, { type: 'f32' }, { type: 'f32' }, { type: 'f16' }, { type: 'f16' }] as const;
    this.op = {
      name: 'RoutedExperts',
      provider: 'cuda',
      inputs: [{ type }, { type: 'f32' }, weights, weights],
      outputs: [{ type }, ...scratch, { type: 'i32' }],
      attributes: { top_k: 'int', groups: 'int', top_groups: 'int', normalize: 'int', scale: 'float' },
      compute: (context) => this.#compute(context),
    };
  }

  [Symbol.dispose](): void {
    this.#small[Symbol.dispose]();
  }

  #compute(context: KernelContext): void {
    const [x, logits, gateUp, down] = Array.from({ length: 4 }, (_, i) => context.input(i));
    const { top_k, groups, top_groups, normalize, scale } = context.attributes;
    const numTokens = x!.shape[0]!;
    const sizes: ExpertSizes = {
      experts: logits!.shape[1]!,
      topK: top_k!,
      hidden: x!.shape[1]!,
      inter: down!.shape[2]!,
      groups: groups!,
      topGroups: top_groups!,
      normalizes: normalize === 1,
      scale: scale!,
    };
    const way = this.#choose(sizes, numTokens);
    const tensors = {
      numTokens,
      x: x!.pointer,
      logits: logits!.pointer,
      gateUp: gateUp!.pointer,
      down: down!.pointer,
      y: context.output(0, x!.shape).pointer,
    };
    const wanted = way.scratch(sizes, numTokens);
    const scratch = {
      ids: context.output(1, [wanted.ids]).pointer,
      weights: context.output(2, [wanted.weights]).pointer,
      hiddenF32: context.output(3, [wanted.hiddenF32]).pointer,
      hiddenF16: context.output(4, [wanted.hiddenF16]).pointer,
      rows: context.output(5, [wanted.rows]).pointer,
      groups: context.output(6, [wanted.groups]).pointer,
    };
    way.launch(sizes, tensors, scratch, context.gpuStream);
  }

  #choose(sizes: ExpertSizes, numTokens: number): ExpertsKernels {
    if (this.#small.takes(sizes, numTokens)) return this.#small;
    return this.#grouped.takes(sizes) ? this.#grouped : this.#portable;
  }
}
