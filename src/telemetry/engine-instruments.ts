import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import {
  GRAMMAR_BUCKETS,
  ITERATION_TOKENS_BUCKETS,
  PARAMS_N_BUCKETS,
  REQUEST_LATENCY_BUCKETS,
  TIME_TO_FIRST_TOKEN_BUCKETS,
  TOKEN_LATENCY_BUCKETS,
  tokenCountBuckets,
} from './buckets.ts';

/** vLLM's instruments, without the labels that are the same for all of them (the registry adds those). */
export type EngineInstruments = ReturnType<typeof createEngineInstruments>;

/** @param maxModelLen bounds the buckets of token counts, in tokens */
export function createEngineInstruments(registry: Registry, maxModelLen: number) {
  const registers = [registry];
  const counter = (name: string, help: string) => new Counter({ name: `vllm:${name}`, help, registers });
  const gauge = (name: string, help: string) => new Gauge({ name: `vllm:${name}`, help, registers });
  const histogram = (name: string, help: string, buckets: readonly number[]) =>
    new Histogram({ name: `vllm:${name}`, help, buckets: [...buckets], registers });
  const tokenBuckets = tokenCountBuckets(maxModelLen);

  return {
    running: gauge('num_requests_running', 'Sequences in the running batch.'),
    waiting: gauge('num_requests_waiting', 'Sequences waiting to be scheduled.'),
    kvCacheUsage: gauge('kv_cache_usage_perc', 'Share of the KV cache in use, 0 to 1.'),
    gpuCacheUsage: gauge('gpu_cache_usage_perc', 'Old name of vllm:kv_cache_usage_perc.'),
    cacheConfig: new Gauge({
      name: 'vllm:cache_config_info',
      help: 'Configuration of the KV cache; always 1.',
      labelNames: ['block_size', 'num_gpu_blocks', 'cache_dtype', 'enable_prefix_caching'],
      registers,
    }),

    promptTokens: counter('prompt_tokens_total', 'Prompt tokens processed.'),
    promptTokensCached: counter('prompt_tokens_cached_total', 'Prompt tokens taken from the prefix cache.'),
    generationTokens: counter('generation_tokens_total', 'Tokens generated.'),
    preemptions: counter('num_preemptions_total', 'Sequences preempted.'),
    prefixCacheQueries: counter('prefix_cache_queries_total', 'Tokens looked up in the prefix cache.'),
    prefixCacheHits: counter('prefix_cache_hits_total', 'Tokens found in the prefix cache.'),
    gpuPrefixCacheQueries: counter('gpu_prefix_cache_queries_total', 'Old name of vllm:prefix_cache_queries_total.'),
    gpuPrefixCacheHits: counter('gpu_prefix_cache_hits_total', 'Old name of vllm:prefix_cache_hits_total.'),
    requestSuccess: new Counter({
      name: 'vllm:request_success_total',
      help: 'Finished sequences by reason.',
      labelNames: ['finished_reason'],
      registers,
    }),

    timeToFirstToken: histogram(
      'time_to_first_token_seconds',
      'From arrival to the first token.',
      TIME_TO_FIRST_TOKEN_BUCKETS,
    ),
    interTokenLatency: histogram(
      'inter_token_latency_seconds',
      'Between two tokens of one sequence.',
      TOKEN_LATENCY_BUCKETS,
    ),
    timePerOutputToken: histogram(
      'request_time_per_output_token_seconds',
      'Decode time per token after the first, by sequence.',
      TOKEN_LATENCY_BUCKETS,
    ),
    e2eLatency: histogram('e2e_request_latency_seconds', 'From arrival to the last token.', REQUEST_LATENCY_BUCKETS),
    queueTime: histogram('request_queue_time_seconds', 'From arrival to being scheduled.', REQUEST_LATENCY_BUCKETS),
    inferenceTime: histogram(
      'request_inference_time_seconds',
      'From being scheduled to the last token.',
      REQUEST_LATENCY_BUCKETS,
    ),
    prefillTime: histogram(
      'request_prefill_time_seconds',
      'From being scheduled to the first token.',
      REQUEST_LATENCY_BUCKETS,
    ),
    decodeTime: histogram('request_decode_time_seconds', 'From the first token to the last.', REQUEST_LATENCY_BUCKETS),
    requestPromptTokens: histogram('request_prompt_tokens', 'Prompt tokens by sequence.', tokenBuckets),
    requestGenerationTokens: histogram('request_generation_tokens', 'Generated tokens by sequence.', tokenBuckets),
    maxGenerationTokens: histogram(
      'request_max_num_generation_tokens',
      'Tokens of the longest output of a request.',
      tokenBuckets,
    ),
    paramsN: histogram('request_params_n', 'The parameter n of requests.', PARAMS_N_BUCKETS),
    paramsMaxTokens: histogram('request_params_max_tokens', 'The parameter max_tokens of requests.', tokenBuckets),
    grammarCompilation: new Histogram({
      name: 'latent_serve:grammar_compilation_seconds',
      help: 'Compilation of grammars that were not known yet, waiting for others included.',
      buckets: [...GRAMMAR_BUCKETS],
      registers,
    }),
    iterationTokens: histogram('iteration_tokens_total', 'Tokens computed in one step.', ITERATION_TOKENS_BUCKETS),
  };
}
