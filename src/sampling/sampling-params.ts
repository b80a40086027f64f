/** How the next token is chosen; every field is resolved (defaults applied) before a request reaches the engine. */
export interface SamplingParams {
  /** 0 (below 1e-5) means greedy. */
  readonly temperature: number;
  /** Nucleus mass in (0, 1]; 1 = off. */
  readonly topP: number;
  /** Number of candidates kept; 0 = off. */
  readonly topK: number;
  /** Floor relative to the most likely token, in [0, 1]; 0 = off. */
  readonly minP: number;
  /** Multiplicative, over prompt and output (HF's RepetitionPenaltyLogitsProcessor); 1 = off. */
  readonly repetitionPenalty: number;
  /** Additive, once per token that the output contains; 0 = off. */
  readonly presencePenalty: number;
  /** Additive, per occurrence in the output; 0 = off. */
  readonly frequencyPenalty: number;
  /** [token id, bias] pairs added to the logits; each id once. */
  readonly logitBias: readonly (readonly [number, number])[];
  /** No other token can be sampled; null = all can. */
  readonly allowedTokenIds: readonly number[] | null;
  /** Token sequences that the output must not contain: the last token of one is masked where the others precede it. */
  readonly badWords: readonly (readonly number[])[];
  /** Seed of the request's own generator (any safe integer); null draws one. */
  readonly seed: number | null;
  /** End tokens and stop tokens are masked until this many tokens are out. */
  readonly minTokens: number;
  /** Do not stop at the model's end token. */
  readonly ignoreEos: boolean;
  /** Further token ids that end the output (kept in token_ids, absent from the text). */
  readonly stopTokenIds: readonly number[];
  /** Log-probabilities of the raw distribution (before penalties and temperature): null = none, n = sampled token and the n likeliest. */
  readonly logprobs: number | null;
  /** Where not empty, log-probabilities are of these tokens in place of the likeliest ones. */
  readonly logprobTokenIds: readonly number[];
  /** Ends an output that repeats itself; null = off. */
  readonly repetitionDetection: RepetitionDetection | null;
}

/** vLLM's: a pattern of minPatternSize to maxPatternSize tokens, minCount times in a row at the end of the output. */
export interface RepetitionDetection {
  /** At least 1. */
  readonly minPatternSize: number;
  readonly maxPatternSize: number;
  /** At least 2. */
  readonly minCount: number;
}

/** Greedy and everything else off. */
export const GREEDY_SAMPLING: SamplingParams = Object.freeze({
  temperature: 0,
  topP: 1,
  topK: 0,
  minP: 0,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: [],
  allowedTokenIds: null,
  badWords: [],
  seed: null,
  minTokens: 0,
  ignoreEos: false,
  stopTokenIds: [],
  logprobs: null,
  logprobTokenIds: [],
  repetitionDetection: null,
});

/** Log-probability of one token and of the likeliest ones at its position. */
export interface TokenLogprobs {
  readonly tokenId: number;
  readonly logprob: number;
  /** 1 = the likeliest. */
  readonly rank: number;
  /** Descending, at most the number asked for; or the tokens that were asked for, in their order. */
  readonly top: readonly { readonly tokenId: number; readonly logprob: number }[];
}
