import type { FinishReason } from './engine.ts';
import type { EngineStats } from './step-report.ts';

/** Times are in seconds. */
export interface FinishedRequest {
  readonly reason: FinishReason | 'abort' | 'error';
  readonly numPromptTokens: number;
  readonly numCachedTokens: number;
  readonly numGeneratedTokens: number;
  readonly maxTokens: number;
  readonly queueSeconds: number;
  /** From the start of computing to the first token. */
  readonly prefillSeconds: number;
  /** From the first token to the last. */
  readonly decodeSeconds: number;
  readonly totalSeconds: number;
}

/** Told what happens, for metrics and logs. Called on the main thread; must be cheap and must not throw. */
export interface EngineObserver {
  /** A prompt has been computed. */
  started(numPromptTokens: number, numCachedTokens: number): void;
  firstToken(seconds: number): void;
  interToken(seconds: number): void;
  step(numTokens: number, stats: EngineStats): void;
  finished(request: FinishedRequest): void;
  /** All requests of one submit call have ended. */
  callFinished(numRequests: number, maxGeneratedTokens: number): void;
  /** A grammar that was not known yet has been compiled, or has failed to. */
  grammarCompiled(seconds: number): void;
}
