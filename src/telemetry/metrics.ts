import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import { HTTP_DURATION_BUCKETS } from './buckets.ts';
import { createEngineInstruments, type EngineInstruments } from './engine-instruments.ts';

export interface EngineStats {
  /** Sequences in the batch. */
  readonly running: number;
  readonly waiting: number;
  /** Share of the blocks in use, 0 to 1; cached blocks that can be evicted do not count. */
  readonly kvUsage: number;
}

export interface CacheConfig {
  /** Slots of one block. */
  readonly blockSize: number;
  readonly numBlocks: number;
  readonly dtype: string;
  readonly enablePrefixCaching: boolean;
}

export type FinishedReason = (typeof FINISHED_REASONS)[number];

/** Times in seconds; null for a phase that was not reached. */
export interface FinishedSequence {
  readonly reason: FinishedReason;
  readonly numPromptTokens: number;
  readonly numGenerationTokens: number;
  readonly maxTokens: number;
  readonly e2eSeconds: number;
  /** From arrival to being scheduled first. */
  readonly queueSeconds: number | null;
  /** From being scheduled to the first token. */
  readonly prefillSeconds: number | null;
  /** From the first token to the last. */
  readonly decodeSeconds: number | null;
}

export interface FinishedHttpRequest {
  /** The route's pattern, never the raw path: each value makes a series. */
  readonly handler: string;
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
}

export interface MetricsOptions {
  /** The label model_name: the served name. */
  readonly modelName: string;
  /** Bounds the buckets of token counts. Defaults to 163,840, the longest context of the family. */
  readonly maxModelLen?: number;
}

const FINISHED_REASONS = ['stop', 'length', 'abort', 'error'] as const;

/** Makes the metrics of one server, with a registry of its own. */
export function createMetrics(options: MetricsOptions): Metrics {
  return new Metrics(options);
}

/** Records what GET /metrics shows, under vLLM's names. The methods called per token take about 0.2 µs. */
export class Metrics {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  // Labels that all of vLLM's metrics share are added when the text is made: recording then hashes no labels.
  readonly #engineRegistry = new Registry();
  readonly #processRegistry = new Registry();
  readonly #engine: EngineInstruments;
  readonly #httpRequests: Counter;
  readonly #httpDuration: Histogram;
  #statsSource: () => EngineStats = () => ({ running: 0, waiting: 0, kvUsage: 0 });

  constructor(options: MetricsOptions) {
    this.#engineRegistry.setDefaultLabels({ model_name: options.modelName, engine: '0' });
    this.#engine = createEngineInstruments(this.#engineRegistry, options.maxModelLen ?? 163_840);
    for (const reason of FINISHED_REASONS) this.#engine.requestSuccess.inc({ finished_reason: reason }, 0);
    const registers = [this.#processRegistry];
    this.#httpRequests = new Counter({
      name: 'http_requests_total',
      help: 'HTTP requests answered.',
      labelNames: ['handler', 'method', 'status'],
      registers,
    });
    this.#httpDuration = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'From the request line to the end of the answer.',
      labelNames: ['handler', 'method'],
      buckets: [...HTTP_DURATION_BUCKETS],
      registers,
    });
    collectDefaultMetrics({ register: this.#processRegistry });
  }

  /** Where the gauges come from; asked once per scrape. */
  setStatsSource(source: () => EngineStats): void {
    this.#statsSource = source;
  }

  /** Known once the model has been loaded. */
  setCacheConfig(config: CacheConfig): void {
    this.#engine.cacheConfig.reset();
    this.#engine.cacheConfig.set(
      {
        block_size: String(config.blockSize),
        num_gpu_blocks: String(config.numBlocks),
        cache_dtype: config.dtype,
        enable_prefix_caching: config.enablePrefixCaching ? 'True' : 'False',
      },
      1,
    );
  }

  /** A prompt has been computed: its length and how much of it came from the prefix cache. */
  recordPrompt(numTokens: number, numCachedTokens: number): void {
    this.#engine.promptTokens.inc(numTokens);
    this.#engine.promptTokensCached.inc(numCachedTokens);
  }

  /** Tokens looked up in the prefix cache and found there. */
  recordPrefixCacheLookup(numQueriedTokens: number, numHitTokens: number): void {
    this.#engine.prefixCacheQueries.inc(numQueriedTokens);
    this.#engine.prefixCacheHits.inc(numHitTokens);
    this.#engine.gpuPrefixCacheQueries.inc(numQueriedTokens);
    this.#engine.gpuPrefixCacheHits.inc(numHitTokens);
  }

  /** One step of the engine: tokens computed (prefill and decode) and tokens sampled. */
  recordStep(numTokens: number, numGenerationTokens: number): void {
    this.#engine.iterationTokens.observe(numTokens);
    this.#engine.generationTokens.inc(numGenerationTokens);
  }

  recordPreemptions(count: number): void {
    this.#engine.preemptions.inc(count);
  }

  observeTimeToFirstToken(seconds: number): void {
    this.#engine.timeToFirstToken.observe(seconds);
  }

  observeInterTokenLatency(seconds: number): void {
    this.#engine.interTokenLatency.observe(seconds);
  }

  /** One output has ended, for whatever reason. */
  recordFinishedSequence(finished: FinishedSequence): void {
    const engine = this.#engine;
    const { queueSeconds, prefillSeconds, decodeSeconds, numGenerationTokens } = finished;
    engine.requestSuccess.inc({ finished_reason: finished.reason });
    engine.e2eLatency.observe(finished.e2eSeconds);
    engine.requestPromptTokens.observe(finished.numPromptTokens);
    engine.requestGenerationTokens.observe(numGenerationTokens);
    engine.paramsMaxTokens.observe(finished.maxTokens);
    if (queueSeconds !== null) engine.queueTime.observe(queueSeconds);
    if (prefillSeconds !== null) engine.prefillTime.observe(prefillSeconds);
    if (decodeSeconds === null) return;
    engine.decodeTime.observe(decodeSeconds);
    if (prefillSeconds !== null) engine.inferenceTime.observe(prefillSeconds + decodeSeconds);
    if (numGenerationTokens > 1) engine.timePerOutputToken.observe(decodeSeconds / (numGenerationTokens - 1));
  }

  /** All outputs of one wire request have ended. */
  recordFinishedRequest(n: number, maxNumGenerationTokens: number): void {
    this.#engine.paramsN.observe(n);
    this.#engine.maxGenerationTokens.observe(maxNumGenerationTokens);
  }

  recordGrammarCompilation(seconds: number): void {
    this.#engine.grammarCompilation.observe(seconds);
  }

  recordHttpRequest(request: FinishedHttpRequest): void {
    const { handler, method } = request;
    this.#httpRequests.inc({ handler, method, status: `${Math.floor(request.status / 100)}xx` });
    this.#httpDuration.observe({ handler, method }, request.seconds);
  }

  /** The body of GET /metrics, in the text exposition format. */
  async text(): Promise<string> {
    const stats = this.#statsSource();
    this.#engine.running.set(stats.running);
    this.#engine.waiting.set(stats.waiting);
    this.#engine.kvCacheUsage.set(stats.kvUsage);
    this.#engine.gpuCacheUsage.set(stats.kvUsage);
    return (await this.#engineRegistry.metrics()) + (await this.#processRegistry.metrics());
  }
}
