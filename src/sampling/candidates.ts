import type { BlockMaxima } from './block-maxima.ts';
import { type Cut, CutFinder } from './cut.ts';
import type { SamplingParams } from './sampling-params.ts';

/**
 * Tokens less likely than e^-45 times the likeliest are left out. Together they hold less than 3e-15 of the mass even in
 * a vocabulary of 102,400, which a draw with 53 random bits cannot tell from none.
 */
const NEGLIGIBLE = -45;

export type CandidateFilters = Pick<SamplingParams, 'temperature' | 'topK' | 'topP' | 'minP'>;

/**
 * The tokens that may be drawn, ascending by id, with unnormalised probabilities. Filters act in vLLM V1's order:
 * temperature, min_p, top_k, top_p over what the others left. All three keep a prefix of one order, descending by logit
 * with equal ones by id, so exactly top_k tokens stay where logits tie, and top_k = 1 is greedy.
 */
export class Candidates {
  readonly ids: Int32Array;
  /** Relative to the likeliest token, whose weight is 1. */
  readonly weights: Float64Array;
  count = 0;
  totalWeight = 0;
  readonly #values: Float32Array;
  readonly #cutFinder: CutFinder;

  constructor(vocabSize: number) {
    this.ids = new Int32Array(vocabSize);
    this.weights = new Float64Array(vocabSize);
    this.#values = new Float32Array(vocabSize);
    this.#cutFinder = new CutFinder(vocabSize);
  }

  /**
   * @param values logits, [vocabSize]
   * @param max their largest, as returned by `blocks.compute(values)`
   */
  select(values: Float32Array, blocks: BlockMaxima, max: number, filters: CandidateFilters): void {
    const { temperature, topK, topP, minP } = filters;
    const limitsCount = topK > 0 && topK < this.ids.length;
    const logFloor = minP > 0 ? Math.max(Math.log(minP) - 1e-6, NEGLIGIBLE) : NEGLIGIBLE;
    let floor = max + logFloor * temperature;
    if (limitsCount) floor = Math.max(floor, blocks.lowerBoundOfLargest(topK));
    this.#gather(values, blocks, floor);
    // min_p and top_k both cut one order, so which comes first does not matter.
    if (limitsCount && this.count > topK) this.#keep(this.#cutFinder.find(this.#values, null, this.count, topK));
    this.#weigh(max, temperature, minP);
    if (topP < 1) {
      this.#keep(this.#cutFinder.find(this.#values, this.weights, this.count, topP * this.totalWeight));
      this.#sumWeights();
    }
  }

  /** The candidate at `uniform` (in [0, 1)) of the cumulative distribution in the order of ids. */
  draw(uniform: number): number {
    const target = uniform * this.totalWeight;
    const last = this.count - 1;
    let sum = 0;
    for (let i = 0; i < last; i++) {
      sum += this.weights[i]!;
      if (sum > target) return this.ids[i]!;
    }
    return this.ids[last]!;
  }

  #gather(values: Float32Array, blocks: BlockMaxima, floor: number): void {
    const { maxima, blockSize } = blocks;
    const ids = this.ids;
    const kept = this.#values;
    let count = 0;
    for (let block = 0; block < maxima.length; block++) {
      if (maxima[block]! < floor) continue;
      const end = Math.min((block + 1) * blockSize, ids.length);
      for (let id = block * blockSize; id < end; id++) {
        const value = values[id]!;
        if (value < floor) continue;
        ids[count] = id;
        kept[count++] = value;
      }
    }
    this.count = count;
  }

  /** Computes the weights and drops what min_p excludes. */
  #weigh(max: number, temperature: number, minP: number): void {
    const { ids, weights } = this;
    const values = this.#values;
    let count = 0;
    let total = 0;
    for (let i = 0; i < this.count; i++) {
      const weight = Math.exp((values[i]! - max) / temperature);
      if (weight < minP) continue;
      ids[count] = ids[i]!;
      values[count] = values[i]!;
      weights[count++] = weight;
      total += weight;
    }
    this.count = count;
    this.totalWeight = total;
  }

  #keep(cut: Cut): void {
    const { ids, weights } = this;
    const values = this.#values;
    let ties = cut.ties;
    let count = 0;
    for (let i = 0; i < this.count; i++) {
      const value = values[i]!;
      if (value < cut.value || (value === cut.value && ties-- <= 0)) continue;
      ids[count] = ids[i]!;
      values[count] = value;
      weights[count++] = weights[i]!;
    }
    this.count = count;
  }

  #sumWeights(): void {
    let total = 0;
    for (let i = 0; i < this.count; i++) total += this.weights[i]!;
    this.totalWeight = total;
  }
}
