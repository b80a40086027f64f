/**
 * Where a descending order ends: every value above `value` belongs to it, and of those equal to it the first `ties`
 * in the order of their positions.
 */
export interface Cut {
  readonly value: number;
  readonly ties: number;
}

const BUCKETS = 256;
const SORTED_DIRECTLY = 48;

/**
 * Finds how far down a descending order one must go to collect a given weight, without sorting it: values are counted
 * into 256 equal ranges, and only the range in which the target is reached is looked at again, more finely.
 */
export class CutFinder {
  readonly #positions: Int32Array; // [capacity]
  readonly #bucketWeights = new Float64Array(BUCKETS);

  constructor(capacity: number) {
    this.#positions = new Int32Array(capacity);
  }

  /**
   * The smallest prefix of the values in descending order (equal ones by position) whose weight reaches `target`; all of
   * them when rounding keeps the sum below it.
   *
   * @param values finite, at least one; the first `count` are read
   * @param weights positive and equal for equal values; null counts each value as 1
   */
  find(values: Float32Array, weights: Float64Array | null, count: number, target: number): Cut {
    const positions = this.#positions;
    for (let i = 0; i < count; i++) positions[i] = i;
    let remaining = count;
    let collected = 0;
    while (remaining > SORTED_DIRECTLY) {
      let highest = Number.NEGATIVE_INFINITY;
      let lowest = Number.POSITIVE_INFINITY;
      for (let i = 0; i < remaining; i++) {
        const value = values[positions[i]!]!;
        if (value > highest) highest = value;
        if (value < lowest) lowest = value;
      }
      if (highest === lowest) break;
      const scale = (BUCKETS - 1) / (highest - lowest);
      const bucketWeights = this.#bucketWeights.fill(0);
      for (let i = 0; i < remaining; i++) {
        const position = positions[i]!;
        const bucket = ((highest - values[position]!) * scale) | 0;
        bucketWeights[bucket] = bucketWeights[bucket]! + (weights === null ? 1 : weights[position]!);
      }
      const bucket = bucketReaching(bucketWeights, target - collected);
      for (let b = 0; b < bucket; b++) collected += bucketWeights[b]!;
      let kept = 0;
      for (let i = 0; i < remaining; i++) {
        const position = positions[i]!;
        if ((((highest - values[position]!) * scale) | 0) === bucket) positions[kept++] = position;
      }
      remaining = kept;
    }
    return walk(values, weights, this.#descending(values, remaining), target - collected);
  }

  /** Sorts a short list; a longer one holds equal values only and is in order already. */
  #descending(values: Float32Array, count: number): Int32Array {
    const list = this.#positions.subarray(0, count);
    if (count <= SORTED_DIRECTLY) list.sort((a, b) => values[b]! - values[a]! || a - b);
    return list;
  }
}

function bucketReaching(bucketWeights: Float64Array, target: number): number {
  let sum = 0;
  let last = 0;
  for (let b = 0; b < bucketWeights.length; b++) {
    if (bucketWeights[b] === 0) continue;
    last = b;
    sum += bucketWeights[b]!;
    if (sum >= target) break;
  }
  return last;
}

function walk(values: Float32Array, weights: Float64Array | null, descending: Int32Array, target: number): Cut {
  let sum = 0;
  let value = Number.NaN;
  let ties = 0;
  for (const position of descending) {
    ties = values[position] === value ? ties + 1 : 1;
    value = values[position]!;
    sum += weights === null ? 1 : weights[position]!;
    if (sum >= target) break;
  }
  return { value, ties };
}
