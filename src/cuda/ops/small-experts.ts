import { DeviceBuffer } from '../device-buffer.ts';
import type { Pointer } from '../driver.ts';
import {
  choicesOf,
  type ExpertSizes,
  type ExpertsKernels,
  type ExpertTensors,
  launchNormOfSums,
  type ScratchPointers,
  type ScratchSizes,
} from './experts-step.ts';
import type { GpuKernels } from './gpu-kernels.ts';
import { launchRoute } from './portable-experts.ts';

const FILE = 'hopper-experts-small.cubin';
/** The kernel's limit. */
const MAX_TOKENS = 8;
const TOP_K = 6;
/** Shared experts in a stack of f16; one of int8 has none. */
const SHARED = 2;
/** One producer warp and eight that compute. */
const THREADS = 288;
const WORKSPACE_HEADER = 128;
const HALF_BYTES = 2;
/** The shapes that the kernel is compiled for, and up to how many tokens it is the fastest with each type of weights (measured on an H200). */
const SHAPES = [
  { name: 'V2Lite', hidden: 2048, inter: 1408, experts: 64, maxTokens: 8, maxTokensInt8: 4 },
  { name: 'V2', hidden: 5120, inter: 1536, experts: 160, maxTokens: 4, maxTokensInt8: 2 },
] as const;

function shapeOf({
  hidden,
  inter,
  experts,
  topK,
  shared,
  isQuantized,
}: ScratchSizes): (typeof SHAPES)[number] | undefined {
  if (topK !== TOP_K || shared !== (isQuantized ? 0 : SHARED)) return undefined;
  return SHAPES.find((shape) => shape.hidden === hidden && shape.inter === inter && shape.experts === experts);
}

/**
 * kernels/hopper/experts-small.cu: up to 8 tokens, one kernel. Its blocks wait for each other, so on one GPU no two
 * sessions may run it at the same time.
 */
export class SmallExperts implements ExpertsKernels, Disposable {
  readonly #kernels: GpuKernels;
  /** Shared by all layers, and allocated when the first of them comes; the kernel leaves its header zero. */
  #workspace: DeviceBuffer | null = null;

  constructor(kernels: GpuKernels) {
    this.#kernels = kernels;
  }

  takes(sizes: ScratchSizes, numTokens: number): boolean {
    const shape = shapeOf(sizes);
    if (this.#kernels.hopperType === null || shape === undefined) return false;
    return numTokens <= (sizes.isQuantized ? shape.maxTokensInt8 : shape.maxTokens);
  }

  scratch(sizes: ScratchSizes, numTokens: number) {
    const routed = routesInside(sizes) ? 1 : numTokens * choicesOf(sizes);
    return {
      ids: routed,
      weights: routed,
      hiddenF32: 1,
      hiddenF16: 1,
      rows: 1,
      groups: 1,
      sums: numTokens * sizes.hidden,
    };
  }

  launch(sizes: ExpertSizes, tensors: ExpertTensors, scratch: ScratchPointers, stream: Pointer): void {
    const { modules, device, hopperType } = this.#kernels;
    const { numTokens, x, logits, gateUp, gateUpScales, down, downScales } = tensors;
    const isRouted = !routesInside(sizes);
    if (isRouted) launchRoute(this.#kernels, sizes, tensors, scratch, stream);
    const name = `smallExperts${shapeOf(sizes)!.name}${sizes.isQuantized ? 'Int8' : ''}`;
    const module = modules.get(FILE);
    const shared = module.sharedBytes(name);
    const workspace = this.#workspaceFor(sizes);
    module.launch(
      `${name}_${hopperType}`,
      { grid: [device.numMultiprocessors], block: THREADS, shared, stream, overlapsPrevious: true },
      (into) =>
        into
          .pointers(x, isRouted ? scratch.ids : 0n, isRouted ? scratch.weights : 0n, isRouted ? 0n : logits)
          .float(sizes.scale)
          .pointers(gateUp, gateUpScales ?? 0n, down, downScales ?? 0n, scratch.sums, workspace)
          .ints(numTokens),
    );
    launchNormOfSums(this.#kernels, sizes, tensors, scratch, stream);
  }

  [Symbol.dispose](): void {
    this.#workspace?.[Symbol.dispose]();
  }

  #workspaceFor({ inter }: ScratchSizes): Pointer {
    const bytes = WORKSPACE_HEADER + MAX_TOKENS * (TOP_K + SHARED) * inter * HALF_BYTES;
    this.#workspace ??= new DeviceBuffer(this.#kernels.device.driver, bytes);
    return this.#workspace.address;
  }
}

/** Whether the kernel does the routing itself: a plain choice of the largest, scaled. */
function routesInside({ groups, normalizes }: ScratchSizes): boolean {
  return groups === 0 && !normalizes;
}
