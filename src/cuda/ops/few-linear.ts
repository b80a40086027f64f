import type { Pointer } from '../driver.ts';
import type { GpuKernels } from './gpu-kernels.ts';
import type { LinearPointers, LinearSizes } from './small-linear.ts';

const FILE = 'hopper-linear-few.cubin';
const THREADS = 160;
/** Fewer are for kernels/hopper/linear.cu. */
const MIN_TOKENS = 9;
/** Tokens of the kernel's variants. A token's result is the same in all. */
const VARIANTS = [16, 32] as const;
/** Weight rows of a block, and columns of a stage. */
const ROWS = 64;
const STEP = 64;
const ROW_BYTES = 128;
/** Of width and depth: rows of 16 bytes. */
const MULTIPLE = 8;
/**
 * Blocks that share the depth of 64 weight rows, and how many blocks may run at once for them, one on a multiprocessor or two: an H100 or H200 has
 * 132, of which groups of more than two leave some unused. Constants, since the split decides how sums are rounded.
 */
const CLUSTERS = [
  { size: 8, maxBlocks: 120, maxPairs: 240 },
  { size: 4, maxBlocks: 128, maxPairs: 248 },
  { size: 2, maxBlocks: 132, maxPairs: 264 },
  { size: 1, maxBlocks: 132, maxPairs: 264 },
] as const;
/** Steps of a block whose weights and tokens leave room for a second block. */
const PAIRED_STEPS = 8;
/** Beyond, cuBLAS is as fast: a block would hold a small part of its weights at once. */
const MAX_DEPTH = 8192;
/** Steps that are worth a block. */
const MIN_STEPS = 2;
const SHARED_BYTES = 232_448;
/** A stage is free only once the step after its own is under way. */
const MIN_STAGES = 2;
const MAX_STAGES = 24;
/** 128 KiB, which leaves as much room for the tokens as they need to arrive at full speed. */
const MAX_WEIGHT_STAGES = 16;

/** Whether kernels/hopper/linear-few.cu is taken: a product of some tokens whose weights are one wave of blocks. For more tokens cuBLAS is as fast (measured on an H200). */
export function takesFewLinear(
  kernels: GpuKernels,
  { numTokens, depth, width, isGated, isWide }: LinearSizes,
): boolean {
  if (kernels.hopperType === null || isGated || isWide || width % MULTIPLE !== 0 || depth % MULTIPLE !== 0)
    return false;
  const isFew = numTokens >= MIN_TOKENS && numTokens <= VARIANTS.at(-1)!;
  return isFew && depth <= MAX_DEPTH && clusterFor(width, depth) !== undefined;
}

/** Enqueues the product. Its weights must be constants, since they are read before the kernels ahead have finished. */
export function launchFewLinear(
  { modules, tensorMaps, hopperType }: GpuKernels,
  { numTokens, depth, width }: LinearSizes,
  { x, w, y }: LinearPointers,
  stream: Pointer,
): void {
  const type = hopperType!;
  const tokens = VARIANTS.find((count) => numTokens <= count)!;
  const cluster = clusterFor(width, depth)!;
  const module = modules.get(FILE);
  const variant = `linearFew_${tokens}`;
  const name = `${variant}_${type}`;
  const fixed = module.sharedBytes(variant);
  const [weightBytes, tokenBytes] = [ROWS * ROW_BYTES, tokens * ROW_BYTES];
  const steps = Math.max(MIN_STAGES, Math.ceil(Math.ceil(depth / STEP) / cluster));
  const weightStages = Math.min(steps, MAX_WEIGHT_STAGES);
  const room = Math.floor((SHARED_BYTES - fixed - weightStages * weightBytes) / tokenBytes);
  const tokenStages = Math.min(steps, MAX_STAGES, room);
  const shared = fixed + weightStages * weightBytes + tokenStages * tokenBytes;
  const weightsMap = tensorMaps.get({ address: w, rows: width, columns: depth, type }, ROWS);
  const tokensMap = tensorMaps.get({ address: x, rows: numTokens, columns: depth, type }, tokens);
  const grid = [cluster * Math.ceil(width / ROWS)] as const;
  module.launch(name, { grid, block: THREADS, shared, stream, cluster, overlapsPrevious: true }, (into) =>
    into
      .bytes(weightsMap, module.parameterOffset(name, 0))
      .bytes(tokensMap, module.parameterOffset(name, 1))
      .pointers(y)
      .ints(numTokens, width, depth, weightStages, tokenStages),
  );
}

/** As many blocks for the same weight rows as fit into one wave. */
function clusterFor(width: number, depth: number): number | undefined {
  const [tiles, steps] = [Math.ceil(width / ROWS), Math.ceil(depth / STEP)];
  return CLUSTERS.find(({ size, maxBlocks, maxPairs }) => {
    const most = Math.ceil(steps / size) <= PAIRED_STEPS ? maxPairs : maxBlocks;
    return tiles * size <= most && (size === 1 || steps >= MIN_STEPS * size);
  })?.size;
}
