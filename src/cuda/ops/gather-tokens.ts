import type { Pointer } from '../driver.ts';
import type { ExpertSizes, ExpertTensors, ScratchPointers } from './experts-step.ts';
import type { GpuKernels } from './gpu-kernels.ts';
import { launchRoute } from './portable-experts.ts';

const FILE = 'hopper-experts-grouped.cubin';
const ROUTE_FILE = 'hopper-experts-route.cubin';
const GROUPS_HEADER = 4;
const I32_BYTES = 4;
const FLOAT_BYTES = 4;
/** Of the kernel that routes and groups at once: blocks of its cluster, and where it is no longer the faster way. */
const CLUSTER = 8;
const WARPS = 32;
const MAX_TOKENS = 512;
const MAX_CHOICES = 32;
const MAX_GROUPS = 32;

/** How the (token, expert) pairs of a step become tiles of the products. */
export interface Grouping {
  /** Pairs of a tile. */
  readonly slots: number;
  /** Most tiles that there can be. */
  readonly maxItems: number;
}

/** i32 elements of `groups`: the tiles, the pair of each slot, the slot of each pair. */
export function groupsElements(numPairs: number, maxItems: number): number {
  return GROUPS_HEADER + 4 * maxItems + 2 * numPairs;
}

/**
 * Routes the tokens and makes the first product's input: ids, weights, groups, and rows, which then holds the tokens in the order
 * of the slots (kernels/hopper/experts-grouped.cu).
 */
export function gatherTokens(
  kernels: GpuKernels,
  sizes: ExpertSizes,
  tensors: ExpertTensors,
  scratch: ScratchPointers,
  grouping: Grouping,
  stream: Pointer,
): void {
  const isFew = tensors.numTokens <= MAX_TOKENS && sizes.topK <= MAX_CHOICES && sizes.groups <= MAX_GROUPS;
  const gather = isFew ? gatherFew : gatherMany;
  gather(kernels, sizes, tensors, scratch, grouping, stream);
}

/** kernels/hopper/experts-route.cu: the second kernel loads the tokens while the first routes them. */
const gatherFew: typeof gatherTokens = (kernels, sizes, tensors, scratch, { slots, maxItems }, stream) => {
  const { experts, topK, hidden, groups, topGroups, normalizes, scale } = sizes;
  const { numTokens, x, logits } = tensors;
  const module = kernels.modules.get(ROUTE_FILE);
  const pairsOfBlock = Math.ceil(numTokens / CLUSTER) * topK;
  const shared = I32_BYTES * pairsOfBlock + (groups > 0 ? FLOAT_BYTES * WARPS * experts : 0);
  const overlaps = { stream, overlapsPrevious: true };
  module.launch(
    `routeAndGroup_${experts <= 64 ? 64 : 256}`,
    { grid: [CLUSTER], block: 32 * WARPS, shared, ...overlaps },
    (into) =>
      into
        .pointers(logits, scratch.ids, scratch.weights, scratch.groups)
        .ints(numTokens, experts, topK, groups, topGroups, normalizes ? 1 : 0)
        .float(scale)
        .ints(slots, maxItems),
  );
  const slotOfPair = scratch.groups + BigInt(I32_BYTES * (GROUPS_HEADER + 4 * maxItems + numTokens * topK));
  module.launch(`spreadRows_${kernels.hopperType}`, { grid: [numTokens], block: 256, ...overlaps }, (into) =>
    into.pointers(x, slotOfPair, scratch.rows).ints(topK, hidden),
  );
};

const gatherMany: typeof gatherTokens = (kernels, sizes, tensors, scratch, { slots, maxItems }, stream) => {
  const { experts, topK, hidden } = sizes;
  const { ids, groups, rows } = scratch;
  const pairs = tensors.numTokens * topK;
  const module = kernels.modules.get(FILE);
  launchRoute(kernels, sizes, tensors, scratch, stream);
  module.launch('groupPairs', { grid: [1], block: 1024, stream }, (into) =>
    into.pointers(ids, groups).ints(pairs, experts, slots, maxItems),
  );
  module.launch(`gatherRows_${kernels.hopperType}`, { grid: [pairs], block: 256, stream }, (into) =>
    into.pointers(tensors.x, groups, rows).ints(topK, hidden, maxItems),
  );
};
