import { invariant } from '../errors.ts';
import { adjustLogits } from './adjust-logits.ts';
import { BlockMaxima } from './block-maxima.ts';
import { Candidates } from './candidates.ts';
import { listedLogprobs, tokenLogprobs } from './logprobs.ts';
import { uniformAt } from './random.ts';
import type { SamplingParams, TokenLogprobs } from './sampling-params.ts';
import type { SequenceSampling } from './sequence-sampling.ts';

/** Below this, vLLM and we are greedy. */
export const GREEDY_TEMPERATURE = 1e-5;

export interface SamplerOptions {
  /** Length of a row of logits. */
  readonly logitsWidth: number;
  /** Ids below this exist in the tokenizer; the others are padding and are never sampled. At most `logitsWidth`. */
  readonly vocabSize: number;
}

export interface SampledToken {
  readonly tokenId: number;
  /** Of the raw distribution; null when not asked for. */
  readonly logprobs: TokenLogprobs | null;
}

/**
 * Chooses tokens as vLLM V1 does: raw log-probabilities, then the grammar's mask, min_tokens, logit_bias and penalties, then greedy, or
 * temperature, min_p, top_k, top_p and a draw. A draw depends on the logits, the seed and the number of output tokens, so
 * a seeded request gives the same tokens alone, in any batch and after a preemption. Keeps scratch memory of about
 * 24 bytes per vocabulary entry; not reentrant, one per thread.
 */
export class Sampler {
  readonly #logitsWidth: number;
  readonly #vocabSize: number;
  readonly #adjusted: Float32Array; // [vocabSize]
  readonly #blocks: BlockMaxima;
  readonly #candidates: Candidates;

  constructor(options: SamplerOptions) {
    const { logitsWidth, vocabSize } = options;
    invariant(vocabSize > 0 && vocabSize <= logitsWidth, `vocabulary of ${vocabSize} in logits of ${logitsWidth}`);
    this.#logitsWidth = logitsWidth;
    this.#vocabSize = vocabSize;
    this.#adjusted = new Float32Array(vocabSize);
    this.#blocks = new BlockMaxima(vocabSize);
    this.#candidates = new Candidates(vocabSize);
  }

  /**
   * Chooses the next token of a sequence; changes neither argument (the caller appends the token when it commits it).
   *
   * @param logits one row, [logitsWidth]
   * @param mask tokens that the output's grammar lets through, one bit each; null: any
   * @throws SamplingError when the logits allow no choice
   */
  sample(logits: Float32Array, sequence: SequenceSampling, mask: Int32Array | null = null): SampledToken {
    invariant(logits.length === this.#logitsWidth, `a row of ${logits.length} logits, not ${this.#logitsWidth}`);
    const { params } = sequence;
    const adjusts = mask !== null || sequence.adjustsLogits;
    const tokenId = this.#choose(adjusts ? this.#adjust(logits, sequence, mask) : logits, sequence);
    return { tokenId, logprobs: this.#logprobs(logits, tokenId, params) };
  }

  #logprobs(logits: Float32Array, tokenId: number, params: SamplingParams): TokenLogprobs | null {
    if (params.logprobs === null) return null;
    return params.logprobTokenIds.length > 0
      ? listedLogprobs(logits, tokenId, params.logprobTokenIds, this.#vocabSize)
      : tokenLogprobs(logits, tokenId, params.logprobs, this.#vocabSize);
  }

  #adjust(logits: Float32Array, sequence: SequenceSampling, mask: Int32Array | null): Float32Array {
    this.#adjusted.set(logits.subarray(0, this.#vocabSize));
    adjustLogits(this.#adjusted, sequence, mask);
    return this.#adjusted;
  }

  #choose(values: Float32Array, sequence: SequenceSampling): number {
    const { params } = sequence;
    const max = this.#blocks.compute(values);
    if (params.temperature < GREEDY_TEMPERATURE) return this.#blocks.firstIndexOf(values, max);
    this.#candidates.select(values, this.#blocks, max, params);
    return this.#candidates.draw(uniformAt(sequence.seed, sequence.numOutputTokens));
  }
}
