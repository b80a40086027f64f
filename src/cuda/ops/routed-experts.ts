import type { CustomOp, KernelContext, KernelTensor } from '../../onnxruntime/custom-op.ts';
import type { Pointer } from '../driver.ts';
import type { ExpertSizes, ExpertsKernels, ScratchSizes } from './experts-step.ts';
import type { GpuKernels } from './gpu-kernels.ts';
import { GroupedExperts } from './grouped-experts.ts';
import { PortableExperts } from './portable-experts.ts';
import { SmallExperts } from './small-experts.ts';

/** Element types of the scratch memory, in the order of {@link ExpertScratch}; the last one's is that of the stream. */
const SCRATCH = [
  { type: 'i32' },
  { type: 'f32' },
  { type: 'f32' },
  { type: 'f16' },
  { type: 'f16' },
  { type: 'i32' },
] as const;
/** Inputs ahead of the weights: x, router logits, residual, norm weight. */
const FIRST_WEIGHTS = 4;
type Inputs = [x: KernelTensor, logits: KernelTensor, residual: KernelTensor, weight: KernelTensor];

/**
 * Three operators. ExpertsScratch makes the scratch memory of a step, which all layers use one after another: ids i32, weights
 * f32, h f32, h f16, rows f16, groups i32, sums. Input: any [T, *]. As outputs of each layer, ONNX Runtime would keep those of all
 * layers until the run ends, since nobody reads them.
 *
 * RoutedExperts: routing and the experts' weighted sum (kernels/portable/experts.cu says what the tensors hold), which is added to the residual stream,
 * and the RMS norm of that.
 * Inputs: x [T, hidden], router logits f32 [T, experts], residual [T, hidden], norm weight [hidden], gate_up [experts + shared, 2 * inter, hidden], down
 * [experts + shared, hidden, inter], the outputs of ExpertsScratch and, optionally, a second addend [T, hidden]. What the stacks have more than logits
 * are shared experts. Outputs: the norm [T, hidden], the sum [T, hidden].
 *
 * QuantizedExperts: the same with int8 weights. In place of gate_up and down: gate_up u8, its scales f16 [experts, 2 * inter,
 * ceil(hidden / 128)], down u8, its scales f16 [experts, hidden, ceil(inter / 128)].
 */
export class RoutedExperts implements Disposable {
  readonly all: readonly CustomOp[];
  readonly #small: SmallExperts;
  readonly #grouped: GroupedExperts;
  readonly #portable: PortableExperts;

  constructor(kernels: GpuKernels) {
    this.#small = new SmallExperts(kernels);
    this.#grouped = new GroupedExperts(kernels);
    this.#portable = new PortableExperts(kernels);
    const { type } = kernels;
    const weights = { type: type === 'f32' ? 'f32' : 'f16' } as const;
    const stream = [{ type }, { type: 'f32' }, { type }, { type }] as const;
    const allScratch = [...SCRATCH, { type }];
    const last = [...allScratch, { type, optional: true }];
    const [codes, scales] = [{ type: 'u8' }, { type: 'f16' }] as const;
    const scratch: CustomOp = {
      name: 'ExpertsScratch',
      provider: 'cuda',
      inputs: [{ type }],
      outputs: allScratch,
      attributes: {
        experts: 'int',
        top_k: 'int',
        shared: 'int',
        hidden: 'int',
        inter: 'int',
        groups: 'int',
        normalize: 'int',
        quantized: 'int',
      },
      compute: (context) => this.#makeScratch(context),
    };
    const experts: CustomOp = {
      name: 'RoutedExperts',
      provider: 'cuda',
      inputs: [...stream, weights, weights, ...last],
      outputs: [{ type }, { type }],
      attributes: {
        top_k: 'int',
        groups: 'int',
        top_groups: 'int',
        normalize: 'int',
        scale: 'float',
        epsilon: 'float',
      },
      compute: (context) => this.#compute(context, false),
    };
    const quantized: CustomOp = {
      ...experts,
      name: 'QuantizedExperts',
      inputs: [...stream, codes, scales, codes, scales, ...last],
      compute: (context) => this.#compute(context, true),
    };
    this.all = [scratch, experts, quantized];
  }

  [Symbol.dispose](): void {
    this.#small[Symbol.dispose]();
  }

  #makeScratch(context: KernelContext): void {
    const { experts, top_k, shared, hidden, inter, groups, normalize, quantized } = context.attributes;
    const sizes = {
      experts: experts!,
      topK: top_k!,
      shared: shared!,
      hidden: hidden!,
      inter: inter!,
      groups: groups!,
      normalizes: normalize === 1,
      isQuantized: quantized === 1,
    };
    const numTokens = context.input(0).shape[0]!;
    const wanted = this.#choose(sizes, numTokens).scratch(sizes, numTokens);
    const { ids, weights, hiddenF32, hiddenF16, rows, groups: groupElements, sums } = wanted;
    [ids, weights, hiddenF32, hiddenF16, rows, groupElements, sums].forEach((elements, index) => {
      context.output(index, [elements]);
    });
  }

  #compute(context: KernelContext, isQuantized: boolean): void {
    const [x, logits, residual, weight] = [0, 1, 2, 3].map((index) => context.input(index)) as Inputs;
    const numWeights = isQuantized ? 4 : 2;
    const weights = Array.from({ length: numWeights }, (_, index) => context.input(FIRST_WEIGHTS + index));
    const [gateUp, gateUpScales, down, downScales] = isQuantized ? weights : [weights[0], null, weights[1], null];
    const firstScratch = FIRST_WEIGHTS + numWeights;
    const { top_k, groups, top_groups, normalize, scale, epsilon } = context.attributes;
    const numTokens = x.shape[0]!;
    const sizes: ExpertSizes = {
      experts: logits.shape[1]!,
      topK: top_k!,
      shared: gateUp!.shape[0]! - logits.shape[1]!,
      hidden: x.shape[1]!,
      inter: down!.shape[2]!,
      groups: groups!,
      topGroups: top_groups!,
      normalizes: normalize === 1,
      scale: scale!,
      isQuantized,
    };
    const tensors = {
      numTokens,
      x: x.pointer,
      logits: logits.pointer,
      gateUp: gateUp!.pointer,
      gateUpScales: gateUpScales?.pointer ?? null,
      down: down!.pointer,
      downScales: downScales?.pointer ?? null,
      residual: residual.pointer,
      second: context.optionalInput(firstScratch + SCRATCH.length + 1)?.pointer ?? null,
      weight: weight.pointer,
      normed: context.output(0, x.shape).pointer,
      sum: context.output(1, x.shape).pointer,
      epsilon: epsilon!,
    };
    const pointer = (index: number): Pointer => context.input(firstScratch + index).pointer;
    const scratch = {
      ids: pointer(0),
      weights: pointer(1),
      hiddenF32: pointer(2),
      hiddenF16: pointer(3),
      rows: pointer(4),
      groups: pointer(5),
      sums: pointer(6),
    };
    this.#choose(sizes, numTokens).launch(sizes, tensors, scratch, context.gpuStream);
  }

  #choose(sizes: ScratchSizes, numTokens: number): ExpertsKernels {
    if (this.#small.takes(sizes, numTokens)) return this.#small;
    return this.#grouped.takes(sizes) ? this.#grouped : this.#portable;
  }
}
