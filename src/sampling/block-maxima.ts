import { LogitsNotFiniteError, NoTokenLeftError } from './sampling-error.ts';

/** Logits per block. */
const BLOCK_SIZE = 64;

/**
 * The maximum of every run of 64 logits, found in one pass. It answers "which is the likeliest" at once, and lets
 * everything after it skip the blocks that hold no candidate.
 */
export class BlockMaxima {
  readonly blockSize = BLOCK_SIZE;
  readonly maxima: Float32Array; // [ceil(vocabSize / 64)]
  readonly #sorted: Float32Array;
  readonly #vocabSize: number;

  constructor(vocabSize: number) {
    this.#vocabSize = vocabSize;
    this.maxima = new Float32Array(Math.ceil(vocabSize / BLOCK_SIZE));
    this.#sorted = new Float32Array(this.maxima.length);
  }

  /**
   * Reads the first vocabSize logits and returns the largest.
   * @throws SamplingError on NaN, on +Infinity, or when all are -Infinity
   */
  compute(values: Float32Array): number {
    const vocabSize = this.#vocabSize;
    const { maxima } = this;
    let max = Number.NEGATIVE_INFINITY;
    for (let block = 0, start = 0; start < vocabSize; block++, start += BLOCK_SIZE) {
      const end = Math.min(start + BLOCK_SIZE, vocabSize);
      let blockMax = Number.NEGATIVE_INFINITY;
      for (let i = start; i < end; i++) {
        const value = values[i]!;
        if (value <= blockMax) continue;
        // Not greater either: only NaN compares like that.
        if (!(value > blockMax)) throw new LogitsNotFiniteError();
        blockMax = value;
      }
      maxima[block] = blockMax;
      if (blockMax > max) max = blockMax;
    }
    if (max === Number.POSITIVE_INFINITY) throw new LogitsNotFiniteError();
    if (max === Number.NEGATIVE_INFINITY) throw new NoTokenLeftError();
    return max;
  }

  /** Lowest id whose logit is `max`, the value that {@link compute} returned for the same logits. */
  firstIndexOf(values: Float32Array, max: number): number {
    const start = this.maxima.indexOf(max) * BLOCK_SIZE;
    return values.indexOf(max, start);
  }

  /**
   * A value that at least `count` logits reach (a lower bound of the count-th largest logit): the count-th largest block
   * maximum. -Infinity when there are fewer blocks than that.
   */
  lowerBoundOfLargest(count: number): number {
    const blocks = this.maxima.length;
    if (count > blocks) return Number.NEGATIVE_INFINITY;
    this.#sorted.set(this.maxima);
    this.#sorted.sort();
    return this.#sorted[blocks - count]!;
  }
}
