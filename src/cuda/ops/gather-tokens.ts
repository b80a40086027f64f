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

/** Where the parts of `groups` that follow the tiles lie. */
function partsOf(groups: Pointer, numPairs: number, maxItems: number) {
  const behindTiles = groups + BigInt(I32_BYTES * (GROUPS_HEADER + 4 * maxItems));
  const pairBytes = BigInt(I32_BYTES * numPairs);
  return { pairOfSlot: behindTiles, slotOfPair: behindTiles + pairBytes, counts: behindTiles + 2n * pairBytes };
}

/** Experts that a variant of the kernels that route is compiled for. */
function variantFor(experts: number): number {
  return experts <= 64 ? 64 : MAX_EXPERTS;
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
    `routeAndGroup_${variantFor(experts)}`,
    { grid: [CLUSTER], block: 32 * WARPS, shared, ...overlaps },
    (into) =>
      into
        .pointers(logits, scratch.ids, scratch.weights, scratch.groups)
        .ints(numTokens, experts, topK, sharedExperts, groups, topGroups, normalizes ? 1 : 0)
        .float(scale)
        .ints(slots, maxItems),
  );
  const { slotOfPair } = partsOf(scratch.groups, numTokens * choices, maxItems);
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
  const { pairOfSlot, slotOfPair, counts } = partsOf(scratch.groups, numTokens * choices, maxItems);
  const shared = groups > 0 ? FLOAT_BYTES * WARPS_OF_PART * experts : 0;
  module.launch(
    `routePart_${variantFor(experts)}`,
    { grid: [PARTS], block: 32 * WARPS_OF_PART, shared, ...overlaps },
    (into) =>
      into
        .pointers(logits, scratch.ids, scratch.weights, slotOfPair, counts)
        .ints(numTokens, experts, topK, sharedExperts, groups, topGroups, normalizes ? 1 : 0)
        .float(scale),
  );
  module.launch('placeParts', { grid: [1], block: 32 * WARPS_OF_PART, ...overlaps }, (into) =>
    into.pointers(counts, scratch.groups).ints(all, slots),
  );
  module.launch(`spreadParts_${kernels.hopperType}`, { grid: [numTokens], block: 256, ...overlaps }, (into) =>
    into.pointers(x, counts, pairOfSlot, slotOfPair, scratch.rows).ints(choices, hidden, all),
  );
};
