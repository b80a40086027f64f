import type { TokenLogprobs } from '../sampling/sampling-params.ts';
import type { TextOutput } from '../text/text-output.ts';
import type { FinishReason } from './engine.ts';
import type { EngineObserver, FinishedRequest } from './engine-observer.ts';
import type { GenerateRequest } from './generate-request.ts';
import type { GenerationStream } from './generation-stream.ts';
import { RequestTimes } from './request-times.ts';

export interface ActiveRequestOptions {
  readonly request: GenerateRequest;
  readonly stream: GenerationStream;
  readonly output: TextOutput;
  readonly observer: EngineObserver;
  /** Called once the request has ended, however it did, with the number of its tokens. */
  readonly onEnd: (numTokens: number) => void;
}

/** A request that the engine works on, seen from the main thread: its text, its stream and its times. */
export class ActiveRequest {
  readonly request: GenerateRequest;
  readonly stream: GenerationStream;
  readonly onEnd: (numTokens: number) => void;
  readonly #output: TextOutput;
  readonly #observer: EngineObserver;
  readonly #times = new RequestTimes();
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
    return this.#times.isWaiting;
  }

  get waitedMs(): number {
    return this.#times.totalMs;
  }

  get numTokens(): number {
    return this.#numTokens;
  }

  /** The scheduler gave it blocks; again after a preemption, which does not count. @param at monotonic milliseconds */
  admit(at: number): void {
    this.#times.admit(at);
  }

  start(numCachedTokens: number, promptLogprobs: readonly (TokenLogprobs | null)[] | null): void {
    this.#times.start();
    this.#numCachedTokens = numCachedTokens;
    const numPromptTokens = this.request.promptTokenIds.length;
    this.#observer.started(numPromptTokens, numCachedTokens);
    this.stream.push({ type: 'start', numPromptTokens, numCachedTokens, promptLogprobs, times: this.#times });
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

  /** @param reason `repetition` is told as OpenAI's `stop`, with vLLM's stop reason */
  finish(reason: FinishReason | 'repetition', stopReason: string | number | null): void {
    const text = typeof stopReason === 'string' ? '' : this.#output.finish();
    if (text !== '') this.stream.push({ type: 'delta', text, tokenIds: [], logprobs: null });
    const numCompletionTokens = this.#numTokens;
    if (reason === 'repetition') {
      this.stream.push({ type: 'finish', reason: 'stop', stopReason: 'repetition_detected', numCompletionTokens });
    } else {
      this.stream.push({ type: 'finish', reason, stopReason, numCompletionTokens });
    }
    this.#observer.finished(this.#summary(reason === 'repetition' ? 'stop' : reason));
  }

  fail(error: Error, reason: 'abort' | 'error'): void {
    this.stream.fail(error);
    this.#observer.finished(this.#summary(reason));
  }

  #noteTokenTime(): void {
    const { isFirst, sinceMs } = this.#times.addToken();
    if (isFirst) this.#observer.firstToken(sinceMs / 1000);
    else this.#observer.interToken(sinceMs / 1000);
  }

  #summary(reason: FinishedRequest['reason']): FinishedRequest {
    const { queueMs, prefillMs, decodeMs, totalMs } = this.#times;
    return {
      reason,
      numPromptTokens: this.request.promptTokenIds.length,
      numCachedTokens: this.#numCachedTokens,
      numGeneratedTokens: this.#numTokens,
      maxTokens: this.request.maxTokens,
      queueSeconds: queueMs / 1000,
      prefillSeconds: prefillMs / 1000,
      decodeSeconds: decodeMs / 1000,
      totalSeconds: totalMs / 1000,
    };
  }
}
