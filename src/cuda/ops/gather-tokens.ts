import type { Pointer } from '../driver.ts';
import { allExperts, choicesOf, type ExpertSizes, type ExpertTensors, type ScratchPointers } from './experts-step.ts';
import type { GpuKernels } from './gpu-kernels.ts';

const ROUTE_FILE = 'hopper-experts-route.cubin';
const ROUTE_MANY_FILE = 'hopper-experts-route-many.cubin';
const GROUPS_HEADER = 4;
const I32_BYTES = 4;
const FLOAT_BYTES = 4;
/** Of the kernel that routes and groups at once: blocks of its cluster, and where it is no longer the faster way. */
const CLUSTER = 8;
const WARPS = 16;
const MAX_TOKENS = 512;
const MAX_EXPERTS = 256;
const MAX_CHOICES = 32;
const MAX_GROUPS = 32;
/** Of the kernels for more tokens: parts of the tokens. */
const PARTS = 64;
const WARPS_OF_PART = 32;

/** How the (token, expert) pairs of a step become tiles of the products. */
export interface Grouping {
  /** Pairs of a tile. */
  readonly slots: number;
  /** Most tiles that there can be. */
  readonly maxItems: number;
}

/** Whether {@link gatherTokens} takes such a routing: the choices of a token, and the groups, each have a lane. */
export function takesRouting(sizes: Pick<ExpertSizes, 'experts' | 'topK' | 'shared' | 'groups'>): boolean {
  return allExperts(sizes) <= MAX_EXPERTS && choicesOf(sizes) <= MAX_CHOICES && sizes.groups <= MAX_GROUPS;
}

/** i32 elements of `groups`: the tiles, the pair of each slot, the slot of each pair, and what each part has of each expert. */
export function groupsElements(numPairs: number, maxItems: number, experts: number): number {
  return GROUPS_HEADER + 4 * maxItems + 2 * numPairs + PARTS * experts;
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
  const gather = tensors.numTokens <= MAX_TOKENS ? gatherFew : gatherMany;
  gather(kernels, sizes, tensors, scratch, grouping, stream);
}

/** kernels/hopper/experts-route.cu: the second kernel loads the tokens while the first routes them. */
const gatherFew: typeof gatherTokens = (kernels, sizes, tensors, scratch, { slots, maxItems }, stream) => {
  const { experts, topK, shared: sharedExperts, hidden, groups, topGroups, normalizes, scale } = sizes;
  const choices = choicesOf(sizes);
  const { numTokens, x, logits } = tensors;
  const module = kernels.modules.get(ROUTE_FILE);
  const pairsOfBlock = Math.ceil(numTokens / CLUSTER) * choices;
  const shared = I32_BYTES * pairsOfBlock + (groups > 0 ? FLOAT_BYTES * WARPS * experts : 0);
  const overlaps = { stream, overlapsPrevious: true };
  module.launch(
    `routeAndGroup_${experts <= 64 ? 64 : 256}`,
    { grid: [CLUSTER], block: 32 * WARPS, shared, ...overlaps },
    (into) =>
      into
        .pointers(logits, scratch.ids, scratch.weights, scratch.groups)
        .ints(numTokens, experts, topK, sharedExperts, groups, topGroups, normalizes ? 1 : 0)
        .float(scale)
        .ints(slots, maxItems),
  );
  const slotOfPair = scratch.groups + BigInt(I32_BYTES * (GROUPS_HEADER + 4 * maxItems + numTokens * choices));
  module.launch(`spreadRows_${kernels.hopperType}`, { grid: [numTokens], block: 256, ...overlaps }, (into) =>
    into.pointers(x, slotOfPair, scratch.rows).ints(choices, hidden),
  );
};

/** kernels/hopper/experts-route-many.cu: the tokens in parts, one a block. */
const gatherMany: typeof gatherTokens = (kernels, sizes, tensors, scratch, { slots, maxItems }, stream) => {
  const { experts, topK, shared: sharedExperts, hidden, groups, topGroups, normalizes, scale } = sizes;
  const choices = choicesOf(sizes);
  const { numTokens, x, logits } = tensors;
  const module = kernels.modules.get(ROUTE_MANY_FILE);
  const overlaps = { stream, overlapsPrevious: true };
  const all = allExperts(sizes);
  const behind = (elements: number): Pointer => scratch.groups + BigInt(I32_BYTES * elements);
  const pairOfSlot = GROUPS_HEADER + 4 * maxItems;
  const slotOfPair = pairOfSlot + numTokens * choices;
  const counts = slotOfPair + numTokens * choices;
  const shared = groups > 0 ? FLOAT_BYTES * WARPS_OF_PART * experts : 0;
  module.launch(
    `routePart_${experts <= 64 ? 64 : 256}`,
    { grid: [PARTS], block: 32 * WARPS_OF_PART, shared, ...overlaps },
    (into) =>
      into
        .pointers(logits, scratch.ids, scratch.weights, behind(slotOfPair), behind(counts))
        .ints(numTokens, experts, topK, sharedExperts, groups, topGroups, normalizes ? 1 : 0)
        .float(scale),
  );
  module.launch('placeParts', { grid: [1], block: 32 * WARPS_OF_PART, ...overlaps }, (into) =>
    into.pointers(behind(counts), scratch.groups).ints(all, slots),
  );
  module.launch(`spreadParts_${kernels.hopperType}`, { grid: [numTokens], block: 256, ...overlaps }, (into) =>
    into.pointers(x, behind(counts), behind(pairOfSlot), behind(slotOfPair), scratch.rows).ints(choices, hidden, all),
  );
};
