import type { Pointer } from '../driver.ts';
import type { ExpertSizes, ExpertsKernels, ExpertTensors, ScratchPointers, ScratchSizes } from './experts-step.ts';
import { gatherTokens, groupsElements } from './gather-tokens.ts';
import type { GpuKernels } from './gpu-kernels.ts';

const FILE = 'hopper-experts-grouped.cubin';
const MAX_EXPERTS = 256;
/** Weight rows of the largest tile, and columns of a stage. */
const ROWS_MULTIPLE = 256;
const DEPTH_MULTIPLE = 64;
/** Columns that one block of the weighted sum computes. */
const COLUMNS_PER_BLOCK = 2048;

/** A tile of the products: (token, expert) pairs of one expert, and weight rows. */
interface Tile {
  readonly slots: number;
  readonly weightRows: number;
}

/** Small tiles where an expert has few tokens and the weights are what costs; large ones where the products are. */
function tileFor({ experts, topK }: ScratchSizes, numTokens: number): Tile {
  const perExpert = (numTokens * topK) / experts;
  if (perExpert <= 12) return { slots: 32, weightRows: 128 };
  if (perExpert <= 40) return { slots: 64, weightRows: 128 };
  return { slots: 128, weightRows: 256 };
}

/** kernels/hopper/experts-grouped.cu: any number of tokens, in products over the tokens of each expert. */
export class GroupedExperts implements ExpertsKernels {
  readonly #kernels: GpuKernels;

  constructor(kernels: GpuKernels) {
    this.#kernels = kernels;
  }

  takes({ experts, hidden, inter }: ScratchSizes): boolean {
    const fitsRows = hidden % ROWS_MULTIPLE === 0 && (2 * inter) % ROWS_MULTIPLE === 0;
    return this.#kernels.hopperType !== null && fitsRows && inter % DEPTH_MULTIPLE === 0 && experts <= MAX_EXPERTS;
  }

  scratch(sizes: ScratchSizes, numTokens: number) {
    const pairs = numTokens * sizes.topK;
    const groups = groupsElements(pairs, maxItems(sizes, numTokens));
    const { hidden, inter } = sizes;
    return { ids: pairs, weights: pairs, hiddenF32: 1, hiddenF16: pairs * inter, rows: pairs * hidden, groups };
  }

  launch(sizes: ExpertSizes, tensors: ExpertTensors, scratch: ScratchPointers, stream: Pointer): void {
    const { experts, topK, hidden } = sizes;
    const { numTokens, y } = tensors;
    const { ids, weights, rows } = scratch;
    const { modules, hopperType } = this.#kernels;
    const module = modules.get(FILE);
    const grouping = { slots: tileFor(sizes, numTokens).slots, maxItems: maxItems(sizes, numTokens) };
    gatherTokens(this.#kernels, sizes, tensors, scratch, grouping, stream);
    this.#product('Up', sizes, tensors, scratch, stream);
    this.#product('Down', sizes, tensors, scratch, stream);
    const grid = [numTokens, Math.ceil(hidden / COLUMNS_PER_BLOCK)] as const;
    module.launch(`sumExperts_${hopperType}`, { grid, block: 256, stream }, (into) =>
      into.pointers(rows, ids, weights, y).ints(topK, hidden, experts),
    );
  }

  #product(
    way: 'Up' | 'Down',
    sizes: ExpertSizes,
    { numTokens, gateUp, down }: ExpertTensors,
    { hiddenF16, rows, groups }: ScratchPointers,
    stream: Pointer,
  ): void {
    const { experts, topK, hidden, inter } = sizes;
    const { modules, tensorMaps, device } = this.#kernels;
    const tile = tileFor(sizes, numTokens);
    const pairs = numTokens * topK;
    const [weights, weightRows, depth] = way === 'Up' ? [gateUp, 2 * inter, hidden] : [down, hidden, inter];
    const [from, to, outWidth] = way === 'Up' ? [rows, hiddenF16, inter] : [hiddenF16, rows, hidden];
    const half = (address: Pointer, count: number) => ({ address, rows: count, columns: depth, type: 'f16' }) as const;
    const weightsMap = tensorMaps.get(half(weights, experts * weightRows), tile.weightRows);
    const tokensMap = tensorMaps.get(half(from, pairs), tile.slots);
    const module = modules.get(FILE);
    const shared = module.sharedBytes(`grouped_${tile.slots}`);
    const name = `grouped${way}_${tile.slots}`;
    module.launch(name, { grid: [device.numMultiprocessors], block: 384, shared, stream }, (into) =>
      into
        .bytes(weightsMap, module.parameterOffset(name, 0))
        .bytes(tokensMap, module.parameterOffset(name, 1))
        .pointers(groups, to)
        .ints(depth, weightRows / tile.weightRows, outWidth, maxItems(sizes, numTokens)),
    );
  }
}

/** Most tiles that the pairs of a step can need: each expert may have one that is not full. */
function maxItems(sizes: ScratchSizes, numTokens: number): number {
  return sizes.experts + Math.floor((numTokens * sizes.topK) / tileFor(sizes, numTokens).slots);
}
