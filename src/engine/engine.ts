import type { GrammarHandle, GrammarSpec } from '../grammar/grammar-spec.ts';
import type { TokenLogprobs } from '../sampling/sampling-params.ts';
import type { GenerateRequest } from './generate-request.ts';

/** Why an output ended; `stopReason` is the matched string or stop token id, null for the end token and for length. */
export type FinishReason = 'stop' | 'length';

/** First event of every generation, sent when the prompt has been computed (with the first token). */
export interface StartEvent {
  readonly type: 'start';
  readonly numPromptTokens: number;
  /** Prompt tokens taken from the prefix cache. */
  readonly numCachedTokens: number;
  /** One entry per prompt token, null for the first; null when not asked for. */
  readonly promptLogprobs: readonly (TokenLogprobs | null)[] | null;
  readonly times: GenerationTimes;
}

/** How long the parts of a generation take, kept up to date while it runs. Milliseconds. */
export interface GenerationTimes {
  /** From submission to the first step. */
  readonly queueMs: number;
  /** From there to the first token. */
  readonly prefillMs: number;
  /** From the first token to the last one so far. */
  readonly decodeMs: number;
}

/** New tokens of one step. `text` may be empty while a character or a possible stop string is incomplete. */
export interface DeltaEvent {
  readonly type: 'delta';
  readonly text: string;
  readonly tokenIds: readonly number[];
  /** One per token id; null when not asked for. */
  readonly logprobs: readonly TokenLogprobs[] | null;
}

/** Last event; nothing follows. */
export interface FinishEvent {
  readonly type: 'finish';
  readonly reason: FinishReason;
  readonly stopReason: string | number | null;
  readonly numCompletionTokens: number;
}

export type GenerationEvent = StartEvent | DeltaEvent | FinishEvent;

/**
 * The output of one request. Iterated once. Ends with exactly one finish event, or throws: the signal's reason when
 * aborted, an ApiError when the engine failed or gave the request up.
 */
export type Generation = AsyncIterable<GenerationEvent>;

export interface EngineLimits {
  /** Prompt and output together, in tokens. */
  readonly maxModelLen: number;
  /** Ids below this exist in the tokenizer. */
  readonly vocabSize: number;
  /** Tokens that end an output. */
  readonly eosTokenIds: readonly number[];
}

export type EngineState = 'loading' | 'ready' | 'draining' | 'failed';

/**
 * A call that submits step by step, each step from what the last one brought. Its first submission is admitted like any
 * other; the later ones are not refused for load or draining, and the engine does not end in between.
 */
export interface EngineHold extends Disposable {
  /** @throws ApiError as {@link Engine.submit}; after the first time only when the engine has failed */
  submit(requests: readonly GenerateRequest[], signal: AbortSignal): Generation[];
}

/** The engine as HTTP sees it. */
export interface Engine {
  readonly state: EngineState;
  /** Known once the state is no longer 'loading'. @throws ApiError (503) while loading */
  readonly limits: EngineLimits;
  /**
   * Admits all requests or none.
   * @throws ApiError 429 queue full, 503 not ready or failed, 400 when a request can never fit
   */
  submit(requests: readonly GenerateRequest[], signal: AbortSignal): Generation[];
  /** Begins a call of several submissions; to be disposed of at its end. @throws ApiError 503 while loading */
  hold(): EngineHold;
  /**
   * Compiles what outputs must match, or finds it compiled; to be awaited before the requests that name it are submitted.
   * @param param the request field that holds it, for errors
   * @throws ApiError 400 naming `param` and the place in it when it cannot be compiled or takes too long, 503 not ready or failed
   */
  compileGrammar(spec: GrammarSpec, param: string): Promise<GrammarHandle>;
}
