import type { Pointer } from '../driver.ts';
import type { GpuKernels } from './gpu-kernels.ts';

const FILE = 'hopper-linear.cubin';
const THREADS = 256;
/** Columns that a warp takes at once. */
const DEPTH_MULTIPLE = 64;
/** Tokens that the tensor cores take at once. */
const GROUP = 8;
/** Variants of the kernel: columns up to 512 * rounds, for so many groups of tokens. */
const VARIANTS = [
  { rounds: 4, groups: 2 },
  { rounds: 6, groups: 2 },
  { rounds: 10, groups: 1 },
] as const;
const DEPTH_OF_ROUND = 512;
/** Rows of a slot of the ring; of a gated product half of them are gates. */
const TILE = 8;
const MAX_SLOTS = 16;
/** Weights on their way to an SM: enough to keep the memory busy, and little enough for two kernels' on one SM. */
const RING_BYTES = 96 * 1024;
const HALF_BYTES = 2;

/** Sizes of a dense product. */
export interface LinearSizes {
  readonly numTokens: number;
  readonly depth: number;
  /** Of the output. */
  readonly width: number;
  /** There are 2 * width rows of weights: gates, then what they are multiplied with. */
  readonly isGated: boolean;
  /** The output is float32 whatever the type of x and w; never of a gated product. False where absent. */
  readonly isWide?: boolean;
}

export interface LinearPointers {
  readonly x: Pointer;
  readonly w: Pointer;
  readonly y: Pointer;
}

/**
 * Whether kernels/hopper/linear.cu is taken. Beyond 8 tokens linear-few.cu or cuBLAS is as fast, and what is left is that this kernel
 * saves the one for the SwiGLU.
 */
export function takesSmallLinear(kernels: GpuKernels, sizes: LinearSizes): boolean {
  const variant = variantOf(sizes.depth);
  if (kernels.hopperType === null || variant === undefined || sizes.depth % DEPTH_MULTIPLE !== 0) return false;
  const groups = sizes.isGated ? variant.groups : 1;
  return sizes.numTokens <= groups * GROUP;
}

/** Enqueues the product. Its weights must be constants, since they are read before the kernels ahead have finished. */
export function launchSmallLinear(
  { modules, device, hopperType }: GpuKernels,
  { numTokens, depth, width, isGated, isWide }: LinearSizes,
  { x, w, y }: LinearPointers,
  stream: Pointer,
): void {
  const blocks = device.numMultiprocessors;
  const slotBytes = TILE * depth * HALF_BYTES;
  const tiles = Math.floor(Math.ceil(width / blocks) / (isGated ? TILE / 2 : TILE)) + 1;
  const slots = Math.max(1, Math.min(Math.floor(RING_BYTES / slotBytes), MAX_SLOTS, tiles));
  const module = modules.get(FILE);
  const shared = module.sharedBytes('linear') + slots * slotBytes;
  const name = `linear${isWide ? 'F32' : ''}_${Math.ceil(numTokens / GROUP)}_${variantOf(depth)!.rounds}_${hopperType}`;
  module.launch(name, { grid: [blocks], block: THREADS, shared, stream, overlapsPrevious: true }, (into) =>
    into.pointers(x, w, y).ints(numTokens, width, depth, isGated ? 1 : 0, slots),
  );
}

function variantOf(depth: number): (typeof VARIANTS)[number] | undefined {
  return VARIANTS.find(({ rounds }) => depth <= DEPTH_OF_ROUND * rounds);
}
