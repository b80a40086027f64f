import type { Pointer } from '../driver.ts';
import {
  allExperts,
  choicesOf,
  type ExpertSizes,
  type ExpertsKernels,
  type ExpertTensors,
  launchNormOfSums,
  type ScratchPointers,
  type ScratchSizes,
} from './experts-step.ts';
import type { GpuKernels } from './gpu-kernels.ts';

const FILE = 'portable-experts.ptx';
const INT8_FILE = 'portable-experts-int8.ptx';
const FLOAT_BYTES = 4;
/** Output values that one block of the expert kernels computes. */
const ROWS_PER_BLOCK = 8;

/** Router logits to ids and weights [T, choices]. */
export function launchRoute(
  { modules }: GpuKernels,
  sizes: ExpertSizes,
  { logits, numTokens }: ExpertTensors,
  { ids, weights }: Pick<ScratchPointers, 'ids' | 'weights'>,
  stream: Pointer,
): void {
  const { experts, topK, shared: sharedExperts, groups, topGroups, normalizes, scale } = sizes;
  const shared = FLOAT_BYTES * (2 * experts + groups);
  modules.get(FILE).launch('portableRoute', { grid: [numTokens], block: 32, shared, stream }, (into) =>
    into
      .pointers(logits, ids, weights)
      .ints(numTokens, experts, topK, sharedExperts, groups, topGroups, normalizes ? 1 : 0)
      .float(scale),
  );
}

/** The kernels of kernels/portable/experts.cu and experts-int8.cu: any sizes, any number of tokens. */
export class PortableExperts implements ExpertsKernels {
  readonly #kernels: GpuKernels;

  constructor(kernels: GpuKernels) {
    this.#kernels = kernels;
  }

  scratch(sizes: ScratchSizes, numTokens: number) {
    const pairs = numTokens * choicesOf(sizes);
    return {
      ids: pairs,
      weights: pairs,
      hiddenF32: pairs * sizes.inter,
      hiddenF16: 1,
      rows: 1,
      groups: 1,
      sums: numTokens * sizes.hidden,
    };
  }

  launch(sizes: ExpertSizes, tensors: ExpertTensors, scratch: ScratchPointers, stream: Pointer): void {
    const { hidden, inter } = sizes;
    const { numTokens, x, gateUp, gateUpScales, down, downScales } = tensors;
    const { ids, weights, hiddenF32, sums } = scratch;
    const { modules, type } = this.#kernels;
    launchRoute(this.#kernels, sizes, tensors, scratch, stream);
    const choices = choicesOf(sizes);
    const shape = [numTokens, allExperts(sizes), choices, hidden, inter];
    const module = modules.get(sizes.isQuantized ? INT8_FILE : FILE);
    const name = sizes.isQuantized ? 'portableInt8' : 'portableExpert';
    const upGrid = [numTokens * choices, Math.ceil(inter / ROWS_PER_BLOCK)] as const;
    module.launch(`${name}Up_${type}`, { grid: upGrid, block: 256, stream }, (into) =>
      into.pointers(x, ids, gateUp, ...present(gateUpScales), hiddenF32).ints(...shape),
    );
    const downGrid = [numTokens, Math.ceil(hidden / ROWS_PER_BLOCK)] as const;
    module.launch(`${name}Down_${type}`, { grid: downGrid, block: 256, stream }, (into) =>
      into.pointers(hiddenF32, ids, weights, down, ...present(downScales), sums).ints(...shape),
    );
    launchNormOfSums(this.#kernels, sizes, tensors, scratch, stream);
  }
}

function present(scales: Pointer | null): Pointer[] {
  return scales === null ? [] : [scales];
}
