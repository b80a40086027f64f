import { invariant } from '../errors.ts';

/** What the cost of attention depends on: one sequence's part of a step. */
export interface GroupItem {
  /** Tokens computed in this step, at least 1. */
  readonly numQueries: number;
  /** Blocks of already cached tokens, at least 1 (padding). */
  readonly numBlocks: number;
}

/** Items (by index) that share one padded batch. */
export interface AttentionGroup {
  readonly members: readonly number[];
  /** Largest numQueries and numBlocks of the members. */
  readonly numQueries: number;
  readonly numBlocks: number;
}

/** A run of items with equal sizes; there are few of these even when there are hundreds of items. */
interface SizeClass {
  readonly numQueries: number;
  readonly numBlocks: number;
  readonly members: number[];
}

/**
 * Sorts a step's sequences into at most `numGroups` padded batches so that the padded work is least: dynamic
 * programming over the sequences in order of (queries, blocks). Blocks are rounded up to a multiple of `blockStep`
 * first, which keeps the number of classes and of tensor shapes small. Decodes and prefill chunks never share a group,
 * so at least two groups are needed; the padded queries of a step are then at most decodes + chunks * largest chunk.
 */
export function groupByShape(
  items: readonly GroupItem[],
  numGroups: number,
  blockSize: number,
  blockStep: number,
): AttentionGroup[] {
  invariant(numGroups >= 2 && items.length >= 1, 'grouping needs two groups and an item');
  const classes = sizeClasses(items, blockStep);
  const groupCount = Math.min(numGroups, classes.length);
  // best[g][i]: least cost of the first i classes in g groups; cut[g][i]: where the last of these groups begins.
  const best = Array.from({ length: groupCount + 1 }, () =>
    new Float64Array(classes.length + 1).fill(Number.POSITIVE_INFINITY),
  );
  const cut = Array.from({ length: groupCount + 1 }, () => new Int32Array(classes.length + 1));
  best[0]![0] = 0;
  for (let g = 1; g <= groupCount; g++) {
    for (let end = g; end <= classes.length; end++) {
      let count = 0;
      let numQueries = 0;
      let numBlocks = 0;
      for (let begin = end - 1; begin >= g - 1; begin--) {
        const size = classes[begin]!;
        if ((size.numQueries === 1) !== (classes[end - 1]!.numQueries === 1)) break;
        count += size.members.length;
        numQueries = Math.max(numQueries, size.numQueries);
        numBlocks = Math.max(numBlocks, size.numBlocks);
        const cost = best[g - 1]![begin]! + paddedCost(count, numQueries, numBlocks * blockSize);
        if (cost < best[g]![end]!) {
          best[g]![end] = cost;
          cut[g]![end] = begin;
        }
      }
    }
  }
  return readGroups(classes, groupCount, cut);
}

/** Keys are copied once a sequence (gather and concatenation) and multiplied once a query; a copied key costs about as much as four products. */
function paddedCost(count: number, numQueries: number, numSlots: number): number {
  return count * (numQueries + 4) * (numSlots + numQueries);
}

function sizeClasses(items: readonly GroupItem[], blockStep: number): SizeClass[] {
  const classes = new Map<number, SizeClass>();
  items.forEach((item, index) => {
    const numBlocks = Math.ceil(item.numBlocks / blockStep) * blockStep;
    const key = item.numQueries * 2 ** 24 + numBlocks;
    const known = classes.get(key);
    if (known) known.members.push(index);
    else classes.set(key, { numQueries: item.numQueries, numBlocks, members: [index] });
  });
  return [...classes.entries()].sort(([a], [b]) => a - b).map(([, size]) => size);
}

function readGroups(classes: readonly SizeClass[], groupCount: number, cut: readonly Int32Array[]): AttentionGroup[] {
  const groups: AttentionGroup[] = [];
  let end = classes.length;
  for (let g = groupCount; g >= 1; g--) {
    const begin = cut[g]![end]!;
    const part = classes.slice(begin, end);
    groups.push({
      members: part.flatMap((size) => size.members),
      numQueries: Math.max(...part.map((size) => size.numQueries)),
      numBlocks: Math.max(...part.map((size) => size.numBlocks)),
    });
    end = begin;
  }
  return groups.reverse();
}
