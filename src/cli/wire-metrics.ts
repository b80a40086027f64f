import type { EngineClient } from '../engine/engine-client.ts';
import type { EngineObserver, FinishedRequest } from '../engine/engine-observer.ts';
import type { EngineStats } from '../engine/step-report.ts';
import type { HttpMetrics } from '../http/app-options.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** What HTTP records and shows, on the telemetry's metrics. */
export function toHttpMetrics(metrics: Metrics): HttpMetrics {
  return {
    render: async () => ({ contentType: metrics.contentType, body: await metrics.text() }),
    onHttpRequest: (observation) => metrics.recordHttpRequest(observation),
  };
}

/** Lets the gauges read the engine's load. */
export function showEngineLoad(metrics: Metrics, client: Pick<EngineClient, 'stats'>): void {
  metrics.setStatsSource(() => {
    const { numRunning, numWaiting, usedBlocks, numBlocks } = client.stats;
    return { running: numRunning, waiting: numWaiting, kvUsage: numBlocks === 0 ? 0 : usedBlocks / numBlocks };
  });
}

/** Turns what the engine tells into metrics. */
export class MetricsObserver implements EngineObserver {
  readonly #metrics: Metrics;
  /** Tokens delivered since the last step was recorded. */
  #numTokens = 0;
  #preemptions = 0;
  #prefixQueries = 0;
  #prefixHits = 0;

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  started(numPromptTokens: number, numCachedTokens: number): void {
    this.#metrics.recordPrompt(numPromptTokens, numCachedTokens);
  }

  callFinished(numRequests: number, maxGeneratedTokens: number): void {
    this.#metrics.recordFinishedRequest(numRequests, maxGeneratedTokens);
  }

  grammarCompiled(seconds: number): void {
    this.#metrics.recordGrammarCompilation(seconds);
  }

  firstToken(seconds: number): void {
    this.#numTokens++;
    this.#metrics.observeTimeToFirstToken(seconds);
  }

  interToken(seconds: number): void {
    this.#numTokens++;
    this.#metrics.observeInterTokenLatency(seconds);
  }

  step(numTokens: number, stats: EngineStats): void {
    // The tokens of a step are delivered right after this call, in the same turn of the event loop.
    queueMicrotask(() => {
      this.#metrics.recordStep(numTokens, this.#numTokens);
      this.#numTokens = 0;
    });
    this.#metrics.recordPreemptions(stats.totalPreemptions - this.#preemptions);
    this.#metrics.recordPrefixCacheLookup(
      stats.totalPrefixQueries - this.#prefixQueries,
      stats.totalPrefixHits - this.#prefixHits,
    );
    this.#preemptions = stats.totalPreemptions;
    this.#prefixQueries = stats.totalPrefixQueries;
    this.#prefixHits = stats.totalPrefixHits;
  }

  finished(request: FinishedRequest): void {
    const { reason, numPromptTokens, numGeneratedTokens, maxTokens } = request;
    // An aborted or failed request may not have got that far.
    const hasPrefilled = numGeneratedTokens > 0 || reason === 'stop' || reason === 'length';
    this.#metrics.recordFinishedSequence({
      reason,
      numPromptTokens,
      numGenerationTokens: numGeneratedTokens,
      maxTokens,
      e2eSeconds: request.totalSeconds,
      queueSeconds: request.queueSeconds,
      prefillSeconds: hasPrefilled ? request.prefillSeconds : null,
      decodeSeconds: hasPrefilled ? request.decodeSeconds : null,
    });
  }
}
