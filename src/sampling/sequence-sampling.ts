import type { SamplingParams } from './sampling-params.ts';

export interface SequenceSamplingOptions {
  /** Used when the request has no seed; the same for every re-creation of one sequence. Any safe integer. */
  readonly fallbackSeed: number;
}

/**
 * What sampling has to know about one sequence. Holds nothing that cannot be rebuilt: after a preemption, make a new
 * one from the prompt and append the output tokens again; the next draw is then the one that would have come.
 */
export class SequenceSampling {
  readonly params: SamplingParams;
  readonly seed: number;
  /** Distinct tokens that a penalty may touch, in order of first appearance. */
  readonly seenTokenIds: number[] = [];
  /** Occurrences in the output, parallel to `seenTokenIds`; 0 for tokens of the prompt only. */
  readonly outputCounts: number[] = [];
  readonly #endTokenIds: readonly number[];
  readonly #positions = new Map<number, number>();
  readonly #penalizesPrompt: boolean;
  readonly #penalizesOutput: boolean;
  #numOutputTokens = 0;

  constructor(
    params: SamplingParams,
    promptTokenIds: readonly number[],
    eosTokenIds: readonly number[],
    options: SequenceSamplingOptions,
  ) {
    this.params = params;
    this.seed = params.seed ?? options.fallbackSeed;
    this.#endTokenIds = [...new Set([...eosTokenIds, ...params.stopTokenIds])];
    this.#penalizesPrompt = params.repetitionPenalty !== 1;
    this.#penalizesOutput = this.#penalizesPrompt || params.presencePenalty !== 0 || params.frequencyPenalty !== 0;
    if (this.#penalizesPrompt) for (const tokenId of promptTokenIds) this.#see(tokenId);
  }

  /** Tokens appended so far, which is also the index of the next draw. */
  get numOutputTokens(): number {
    return this.#numOutputTokens;
  }

  /** Tokens that must not be sampled next: end and stop tokens while fewer than `minTokens` are out. */
  get forbiddenTokenIds(): readonly number[] {
    return this.#numOutputTokens < this.params.minTokens ? this.#endTokenIds : [];
  }

  /** Whether the next distribution differs from the raw one before temperature. */
  get adjustsLogits(): boolean {
    return (
      this.seenTokenIds.length > 0 ||
      this.params.logitBias.length > 0 ||
      (this.#numOutputTokens < this.params.minTokens && this.#endTokenIds.length > 0)
    );
  }

  /** Adds a token to the output. */
  append(tokenId: number): void {
    this.#numOutputTokens++;
    if (!this.#penalizesOutput) return;
    const position = this.#see(tokenId);
    this.outputCounts[position] = this.outputCounts[position]! + 1;
  }

  #see(tokenId: number): number {
    const known = this.#positions.get(tokenId);
    if (known !== undefined) return known;
    const position = this.seenTokenIds.length;
    this.#positions.set(tokenId, position);
    this.seenTokenIds.push(tokenId);
    this.outputCounts.push(0);
    return position;
  }
}
