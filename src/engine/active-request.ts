import type { TokenLogprobs } from '../sampling/sampling-params.ts';
import type { TextOutput } from '../text/text-output.ts';
import type { FinishReason } from './engine.ts';
import type { EngineObserver, FinishedRequest } from './engine-observer.ts';
import type { GenerateRequest } from './generate-request.ts';
import type { GenerationStream } from './generation-stream.ts';

export interface ActiveRequestOptions {
  readonly request: GenerateRequest;
  readonly stream: GenerationStream;
  readonly output: TextOutput;
  readonly observer: EngineObserver;
  /** Called once the request has ended, however it did, with the number of its tokens. */
  readonly onEnd: (numTokens: number) => void;
}

/** A request that the engine works on, seen from the main thread: its text, its stream and its times (milliseconds). */
export class ActiveRequest {
  readonly request: GenerateRequest;
  readonly stream: GenerationStream;
  readonly onEnd: (numTokens: number) => void;
  readonly #output: TextOutput;
  readonly #observer: EngineObserver;
  readonly #submittedAt = performance.now();
  #admittedAt: number | null = null;
  #firstTokenAt: number | null = null;
  #lastTokenAt: number | null = null;
  #numCachedTokens = 0;
  #numTokens = 0;

  constructor(options: ActiveRequestOptions) {
    this.request = options.request;
    this.stream = options.stream;
    this.onEnd = options.onEnd;
    this.#output = options.output;
    this.#observer = options.observer;
  }

  get isWaiting(): boolean {
    return this.#admittedAt === null;
  }

  get waitedMs(): number {
    return performance.now() - this.#submittedAt;
  }

  get numTokens(): number {
    return this.#numTokens;
  }

  /** The scheduler gave it blocks; again after a preemption, which does not count. */
  admit(): void {
    this.#admittedAt ??= performance.now();
  }

  start(numCachedTokens: number, promptLogprobs: readonly (TokenLogprobs | null)[] | null): void {
    this.#numCachedTokens = numCachedTokens;
    const numPromptTokens = this.request.promptTokenIds.length;
    this.#observer.started(numPromptTokens, numCachedTokens);
    this.stream.push({ type: 'start', numPromptTokens, numCachedTokens, promptLogprobs });
  }

  /**
   * @param isEnd the token ended the output (end token or stop token): its id counts, its text does not, as in vLLM
   * @returns the stop string that the text now contains, if any
   */
  addToken(tokenId: number, logprobs: TokenLogprobs | null, isEnd: boolean): string | null {
    this.#noteTokenTime();
    this.#numTokens++;
    const isHidden = isEnd && !this.request.includeStopStrInOutput;
    const { text, stopped } = isHidden ? { text: '', stopped: null } : this.#output.push([tokenId]);
    this.stream.push({ type: 'delta', text, tokenIds: [tokenId], logprobs: logprobs ? [logprobs] : null });
    return stopped;
  }

  finish(reason: FinishReason, stopReason: string | number | null): void {
    const text = typeof stopReason === 'string' ? '' : this.#output.finish();
    if (text !== '') this.stream.push({ type: 'delta', text, tokenIds: [], logprobs: null });
    this.stream.push({ type: 'finish', reason, stopReason, numCompletionTokens: this.#numTokens });
    this.#observer.finished(this.#summary(reason));
  }

  fail(error: Error, reason: 'abort' | 'error'): void {
    this.stream.fail(error);
    this.#observer.finished(this.#summary(reason));
  }

  #noteTokenTime(): void {
    const now = performance.now();
    if (this.#lastTokenAt === null) {
      this.#firstTokenAt = now;
      this.#observer.firstToken((now - this.#submittedAt) / 1000);
    } else {
      this.#observer.interToken((now - this.#lastTokenAt) / 1000);
    }
    this.#lastTokenAt = now;
  }

  #summary(reason: FinishedRequest['reason']): FinishedRequest {
    const now = performance.now();
    const admittedAt = this.#admittedAt ?? now;
    const firstTokenAt = this.#firstTokenAt ?? now;
    return {
      reason,
      numPromptTokens: this.request.promptTokenIds.length,
      numCachedTokens: this.#numCachedTokens,
      numGeneratedTokens: this.#numTokens,
      maxTokens: this.request.maxTokens,
      queueSeconds: (admittedAt - this.#submittedAt) / 1000,
      prefillSeconds: (firstTokenAt - admittedAt) / 1000,
      decodeSeconds: ((this.#lastTokenAt ?? firstTokenAt) - firstTokenAt) / 1000,
      totalSeconds: (now - this.#submittedAt) / 1000,
    };
  }
}
