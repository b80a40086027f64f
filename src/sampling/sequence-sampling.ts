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
  readonly #eosTokenIds: readonly number[];
  readonly #positions = new Map<number, number>();
  readonly #penalizesPrompt: boolean;
  readonly #penalizesOutput: boolean;
  /** The last output tokens, as many as a bad word has before its last. */
  readonly #tail: number[] = [];
  readonly #tailLength: number;
  #numOutputTokens = 0;

  constructor(
    params: SamplingParams,
    promptTokenIds: readonly number[],
    eosTokenIds: readonly number[],
    options: SequenceSamplingOptions,
  ) {
    this.params = params;
    this.seed = params.seed ?? options.fallbackSeed;
    this.#eosTokenIds = eosTokenIds;
    this.#endTokenIds = [...new Set([...eosTokenIds, ...params.stopTokenIds])];
    this.#tailLength = params.badWords.reduce((longest, word) => Math.max(longest, word.length - 1), 0);
    this.#penalizesPrompt = params.repetitionPenalty !== 1;
    this.#penalizesOutput = this.#penalizesPrompt || params.presencePenalty !== 0 || params.frequencyPenalty !== 0;
    if (this.#penalizesPrompt) for (const tokenId of promptTokenIds) this.#see(tokenId);
  }

  /** Tokens appended so far, which is also the index of the next draw. */
  get numOutputTokens(): number {
    return this.#numOutputTokens;
  }

  /** Tokens that must not be sampled next: end and stop tokens while fewer than `minTokens` are out, and ends of bad words. */
  get forbiddenTokenIds(): readonly number[] {
    const ends = this.#numOutputTokens < this.params.minTokens ? this.#endTokenIds : [];
    return this.params.badWords.length === 0 ? ends : [...ends, ...this.#badWordEnds()];
  }

  /**
   * Tokens that a grammar's output holds back while it can go on without them: as above, and end tokens that are to be
   * ignored. Once a grammar has come to its end, nothing else can follow.
   */
  get heldBackTokenIds(): readonly number[] {
    if (this.#numOutputTokens < this.params.minTokens) return this.#endTokenIds;
    return this.params.ignoreEos ? this.#eosTokenIds : [];
  }

  /** Last tokens of bad words of which all others have come. */
  get badWordEnds(): readonly number[] {
    return this.params.badWords.length === 0 ? [] : this.#badWordEnds();
  }

  /** Whether the next distribution differs from the raw one before temperature. */
  get adjustsLogits(): boolean {
    return (
      this.seenTokenIds.length > 0 ||
      this.params.logitBias.length > 0 ||
      this.params.allowedTokenIds !== null ||
      this.params.badWords.length > 0 ||
      (this.#numOutputTokens < this.params.minTokens && this.#endTokenIds.length > 0)
    );
  }

  /** Whether the next distribution depends on output tokens by more than the model; true as well where a mask is needed. */
  get dependsOnOutput(): boolean {
    const { badWords, minTokens, allowedTokenIds } = this.params;
    const isMasked = badWords.length > 0 || allowedTokenIds !== null || this.#numOutputTokens < minTokens;
    return this.#penalizesOutput || isMasked;
  }

  /** Adds a token to the output. */
  append(tokenId: number): void {
    this.#numOutputTokens++;
    if (this.#tailLength > 0) {
      this.#tail.push(tokenId);
      if (this.#tail.length > this.#tailLength) this.#tail.shift();
    }
    if (!this.#penalizesOutput) return;
    const position = this.#see(tokenId);
    this.outputCounts[position] = this.outputCounts[position]! + 1;
  }

  #badWordEnds(): number[] {
    const ends: number[] = [];
    for (const word of this.params.badWords) {
      const start = this.#tail.length - (word.length - 1);
      if (start < 0) continue;
      const end = word.at(-1);
      if (end !== undefined && word.every((id, i) => i === word.length - 1 || id === this.#tail[start + i])) {
        ends.push(end);
      }
    }
    return ends;
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
