import type { Pointer } from '../driver.ts';
import { threadsFor } from './add-norm.ts';
import {
  allExperts,
  choicesOf,
  type ExpertSizes,
  type ExpertsKernels,
  type ExpertTensors,
  type ScratchPointers,
  type ScratchSizes,
} from './experts-step.ts';
import { gatherTokens, groupsElements, takesRouting } from './gather-tokens.ts';
import type { GpuKernels } from './gpu-kernels.ts';

const FILE = 'hopper-experts-grouped.cubin';
const INT8_FILE = 'hopper-experts-grouped-int8.cubin';
/** Weight rows of the largest tile, and columns of a stage. */
const ROWS_MULTIPLE = 256;
const DEPTH_MULTIPLE = 64;
const INT8_DEPTH_MULTIPLE = 128;
const SUM_FILE = 'hopper-experts-sum.cubin';
/** Columns that a thread of the weighted sum takes at a time, and how many threads a block has at most. */
const SUM_COLUMNS = 8;
const SUM_THREADS = 640;
/** Tokens from which on many blocks beside one another read enough at once, each with little on its way. */
const SUM_OF_MANY = 1024;

/** A tile of the products: (token, expert) pairs of one expert, and weight rows. */
interface Tile {
  readonly slots: number;
  readonly weightRows: number;
  /** Slots that are copied at once. */
  readonly boxSlots: number;
  /** Blocks that an SM holds at once. */
  readonly blocksOfSm: number;
}

/** Up to how many pairs of an expert that is not shared each tile is taken, on average. */
type Tiles = readonly (readonly [maxPairs: number, tile: Tile])[];

/** Small tiles where an expert has few tokens and the weights are what costs; large ones where the products are. */
const F16_TILES: Tiles = [
  [3.3, { slots: 32, weightRows: 128, boxSlots: 32, blocksOfSm: 1 }],
  [52, { slots: 64, weightRows: 256, boxSlots: 32, blocksOfSm: 1 }],
  [Number.POSITIVE_INFINITY, { slots: 128, weightRows: 256, boxSlots: 64, blocksOfSm: 1 }],
];
const INT8_TILES: Tiles = [
  [24, { slots: 32, weightRows: 128, boxSlots: 8, blocksOfSm: 2 }],
  [48, { slots: 64, weightRows: 128, boxSlots: 8, blocksOfSm: 2 }],
  [Number.POSITIVE_INFINITY, { slots: 128, weightRows: 256, boxSlots: 32, blocksOfSm: 1 }],
];

/** Up to how many pairs of an expert its weights do not push from L2 what is read again: beyond, several tiles of pairs read them (measured on an H200). */
const READ_ONCE_PAIRS = 24;

function tileFor(sizes: ScratchSizes, numTokens: number): Tile {
  const perExpert = pairsPerExpert(sizes, numTokens);
  return (sizes.isQuantized ? INT8_TILES : F16_TILES).find(([maxPairs]) => perExpert <= maxPairs)![1];
}

/** kernels/hopper/experts-grouped.cu and experts-grouped-int8.cu: any number of tokens, in products over the tokens of each expert. */
export class GroupedExperts implements ExpertsKernels {
  readonly #kernels: GpuKernels;

  constructor(kernels: GpuKernels) {
    this.#kernels = kernels;
  }

  takes(sizes: ScratchSizes): boolean {
    const { hidden, inter, isQuantized } = sizes;
    const fitsRows = hidden % ROWS_MULTIPLE === 0 && (2 * inter) % ROWS_MULTIPLE === 0;
    const fitsDepth = inter % (isQuantized ? INT8_DEPTH_MULTIPLE : DEPTH_MULTIPLE) === 0;
    const isTaken = fitsRows && fitsDepth && takesRouting(sizes);
    return this.#kernels.hopperType !== null && isTaken;
  }

  scratch(sizes: ScratchSizes, numTokens: number) {
    const pairs = numTokens * choicesOf(sizes);
    const groups = groupsElements(pairs, maxItems(sizes, numTokens), allExperts(sizes));
    const { hidden, inter } = sizes;
    return {
      ids: pairs,
      weights: pairs,
      hiddenF32: 1,
      hiddenF16: pairs * inter,
      rows: pairs * hidden,
      groups,
      sums: 1,
    };
  }

  launch(sizes: ExpertSizes, tensors: ExpertTensors, scratch: ScratchPointers, stream: Pointer): void {
    const { hidden } = sizes;
    const { numTokens, residual, second, weight, normed, sum, epsilon } = tensors;
    const { ids, weights, rows } = scratch;
    const { modules, hopperType } = this.#kernels;
    const grouping = { slots: tileFor(sizes, numTokens).slots, maxItems: maxItems(sizes, numTokens) };
    gatherTokens(this.#kernels, sizes, tensors, scratch, grouping, stream);
    this.#product('Up', sizes, tensors, scratch, stream);
    this.#product('Down', sizes, tensors, scratch, stream);
    const block = threadsFor(hidden, SUM_COLUMNS, SUM_THREADS);
    const launch = { grid: [numTokens], block, stream, overlapsPrevious: true } as const;
    const name = numTokens < SUM_OF_MANY ? 'sumExperts' : 'sumExpertsMany';
    modules.get(SUM_FILE).launch(`${name}_${hopperType}`, launch, (into) =>
      into
        .pointers(rows, ids, weights, residual, second ?? 0n, weight, normed, sum)
        .ints(choicesOf(sizes), hidden, allExperts(sizes))
        .float(epsilon),
    );
  }

  #product(
    way: 'Up' | 'Down',
    sizes: ExpertSizes,
    { numTokens, gateUp, gateUpScales, down, downScales }: ExpertTensors,
    { hiddenF16, rows, groups }: ScratchPointers,
    stream: Pointer,
  ): void {
    const { hidden, inter, isQuantized } = sizes;
    const { modules, tensorMaps, device } = this.#kernels;
    const tile = tileFor(sizes, numTokens);
    const pairs = numTokens * choicesOf(sizes);
    const scales = way === 'Up' ? gateUpScales : downScales;
    const [weights, weightRows, depth] = way === 'Up' ? [gateUp, 2 * inter, hidden] : [down, hidden, inter];
    const [from, to, outWidth] = way === 'Up' ? [rows, hiddenF16, inter] : [hiddenF16, rows, hidden];
    const matrix = (address: Pointer, rows: number, type: 'f16' | 'u8') => ({ address, rows, columns: depth, type });
    const weightsMap = tensorMaps.get(
      matrix(weights, allExperts(sizes) * weightRows, isQuantized ? 'u8' : 'f16'),
      tile.weightRows,
    );
    const tokensMap = tensorMaps.get(matrix(from, pairs, 'f16'), tile.boxSlots);
    const module = modules.get(isQuantized ? INT8_FILE : FILE);
    const family = isQuantized ? 'groupedInt8' : 'grouped';
    const variant = `${tile.slots}x${tile.weightRows}`;
    const shared = module.sharedBytes(`${family}_${variant}`);
    const name = `${family}${way}_${variant}`;
    const grid = [tile.blocksOfSm * device.numMultiprocessors] as const;
    module.launch(name, { grid, block: 384, shared, stream, overlapsPrevious: true }, (into) =>
      into
        .bytes(weightsMap, module.parameterOffset(name, 0))
        .bytes(tokensMap, module.parameterOffset(name, 1))
        .pointers(...(scales === null ? [] : [scales]), groups, to)
        .ints(depth, weightRows / tile.weightRows, outWidth, maxItems(sizes, numTokens))
        .ints(pairsPerExpert(sizes, numTokens) <= READ_ONCE_PAIRS ? 1 : 0),
    );
  }
}

/** On average, of the experts that are chosen from. */
function pairsPerExpert({ experts, topK }: ScratchSizes, numTokens: number): number {
  return (numTokens * topK) / experts;
}

/** Most tiles that the pairs of a step can need: each expert may have one that is not full. */
function maxItems(sizes: ScratchSizes, numTokens: number): number {
  return allExperts(sizes) + Math.floor((numTokens * choicesOf(sizes)) / tileFor(sizes, numTokens).slots);
}
