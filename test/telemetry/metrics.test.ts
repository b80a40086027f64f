import { expect, test } from 'vitest';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { type Family, parseExposition } from './exposition.ts';

const TTFT = '0.001 0.005 0.01 0.02 0.04 0.06 0.08 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10 20 40 80 160 640 2560';
const TOKEN = '0.01 0.025 0.05 0.075 0.1 0.15 0.2 0.3 0.4 0.5 0.75 1 2.5 5 7.5 10 20 40 80';
const LATENCY = '0.3 0.5 0.8 1 1.5 2 2.5 5 10 15 20 30 40 50 60 120 240 480 960 1920 7680';
const TOKENS = '1 2 5 10 20 50 100 200 500 1000 2000';

// Names, types and buckets of vLLM V1 (v1/metrics/loggers.py) and of production-stack's router.
const VLLM: Record<string, string> = {
  num_requests_running: 'gauge',
  num_requests_waiting: 'gauge',
  kv_cache_usage_perc: 'gauge',
  gpu_cache_usage_perc: 'gauge',
  cache_config_info: 'gauge',
  prompt_tokens_total: 'counter',
  prompt_tokens_cached_total: 'counter',
  generation_tokens_total: 'counter',
  request_success_total: 'counter',
  num_preemptions_total: 'counter',
  prefix_cache_queries_total: 'counter',
  prefix_cache_hits_total: 'counter',
  gpu_prefix_cache_queries_total: 'counter',
  gpu_prefix_cache_hits_total: 'counter',
  time_to_first_token_seconds: TTFT,
  inter_token_latency_seconds: TOKEN,
  request_time_per_output_token_seconds: TOKEN,
  e2e_request_latency_seconds: LATENCY,
  request_queue_time_seconds: LATENCY,
  request_inference_time_seconds: LATENCY,
  request_prefill_time_seconds: LATENCY,
  request_decode_time_seconds: LATENCY,
  request_prompt_tokens: TOKENS,
  request_generation_tokens: TOKENS,
  request_max_num_generation_tokens: TOKENS,
  request_params_n: '1 2 5 10 20',
  request_params_max_tokens: TOKENS,
  iteration_tokens_total: '1 8 16 32 64 128 256 512 1024 2048 4096 8192 16384',
};

const MODEL = 'a "quoted" \\ name';

async function scrape(metrics: Metrics): Promise<Map<string, Family>> {
  return parseExposition(await metrics.text());
}

function value(families: Map<string, Family>, name: string, labels: Record<string, string> = {}): number | undefined {
  const family = families.get(name) ?? families.get(name.replace(/_(sum|count|bucket)$/, ''));
  return family?.samples.find(
    (sample) => sample.name === name && Object.entries(labels).every(([key, text]) => sample.labels[key] === text),
  )?.value;
}

test('names, types, labels and buckets are those of vLLM, from the first scrape on', async () => {
  const metrics = createMetrics({ modelName: MODEL, maxModelLen: 4000 });
  metrics.setCacheConfig({ blockSize: 16, numBlocks: 512, dtype: 'float32', enablePrefixCaching: true });
  const families = await scrape(metrics);
  const names = [...families.keys()].filter((name) => name.startsWith('vllm:'));
  expect(names.sort()).toEqual(
    Object.keys(VLLM)
      .map((name) => `vllm:${name}`)
      .sort(),
  );
  for (const [name, expected] of Object.entries(VLLM)) {
    const family = families.get(`vllm:${name}`)!;
    const isHistogram = !['gauge', 'counter'].includes(expected);
    expect(family.type, name).toBe(isHistogram ? 'histogram' : expected);
    expect(family.samples.length, name).toBeGreaterThan(0);
    for (const sample of family.samples) expect(sample.labels).toMatchObject({ model_name: MODEL, engine: '0' });
    if (!isHistogram) continue;
    const bounds = family.samples.map((sample) => sample.labels['le']).filter((le) => le !== undefined);
    expect(bounds.join(' '), name).toBe(`${expected} +Inf`);
  }
  expect(value(families, 'vllm:cache_config_info', { block_size: '16', num_gpu_blocks: '512' })).toBe(1);
  for (const reason of ['stop', 'length', 'abort', 'error']) {
    expect(value(families, 'vllm:request_success_total', { finished_reason: reason })).toBe(0);
  }
});

test('gauges come from the source at each scrape', async () => {
  const metrics = createMetrics({ modelName: 'm' });
  const stats = { running: 3, waiting: 7, kvUsage: 0.25 };
  metrics.setStatsSource(() => stats);
  let families = await scrape(metrics);
  expect(value(families, 'vllm:num_requests_running')).toBe(3);
  expect(value(families, 'vllm:num_requests_waiting')).toBe(7);
  expect(value(families, 'vllm:kv_cache_usage_perc')).toBe(0.25);
  expect(value(families, 'vllm:gpu_cache_usage_perc')).toBe(0.25);
  Object.assign(stats, { running: 0, kvUsage: 0 });
  families = await scrape(metrics);
  expect(value(families, 'vllm:num_requests_running')).toBe(0);
  expect(value(families, 'vllm:kv_cache_usage_perc')).toBe(0);
});

test('a finished sequence appears in all of its histograms', async () => {
  const metrics = createMetrics({ modelName: 'm' });
  metrics.recordPrompt(120, 32);
  metrics.recordPrefixCacheLookup(120, 32);
  metrics.recordStep(88, 1);
  metrics.recordStep(1, 1);
  metrics.recordPreemptions(2);
  metrics.observeTimeToFirstToken(0.03);
  metrics.observeInterTokenLatency(0.011);
  metrics.recordFinishedSequence({
    reason: 'length',
    numPromptTokens: 120,
    numGenerationTokens: 5,
    maxTokens: 5,
    e2eSeconds: 1.7,
    queueSeconds: 0.1,
    prefillSeconds: 0.4,
    decodeSeconds: 1.2,
  });
  metrics.recordFinishedRequest(2, 5);
  const families = await scrape(metrics);
  const expected: [string, number, Record<string, string>?][] = [
    ['prompt_tokens_total', 120],
    ['prompt_tokens_cached_total', 32],
    ['prefix_cache_queries_total', 120],
    ['prefix_cache_hits_total', 32],
    ['gpu_prefix_cache_queries_total', 120],
    ['gpu_prefix_cache_hits_total', 32],
    ['generation_tokens_total', 2],
    ['num_preemptions_total', 2],
    ['iteration_tokens_total_sum', 89],
    ['iteration_tokens_total_bucket', 1, { le: '64' }],
    ['time_to_first_token_seconds_bucket', 0, { le: '0.02' }],
    ['time_to_first_token_seconds_bucket', 1, { le: '0.04' }],
    ['inter_token_latency_seconds_bucket', 1, { le: '0.025' }],
    ['request_success_total', 1, { finished_reason: 'length' }],
    ['request_success_total', 0, { finished_reason: 'stop' }],
    ['e2e_request_latency_seconds_sum', 1.7],
    ['request_queue_time_seconds_sum', 0.1],
    ['request_prefill_time_seconds_sum', 0.4],
    ['request_decode_time_seconds_sum', 1.2],
    ['request_inference_time_seconds_sum', 1.6],
    ['request_time_per_output_token_seconds_sum', 0.3],
    ['request_prompt_tokens_sum', 120],
    ['request_generation_tokens_sum', 5],
    ['request_params_max_tokens_sum', 5],
    ['request_params_n_sum', 2],
    ['request_max_num_generation_tokens_sum', 5],
  ];
  for (const [name, amount, labels] of expected) expect(value(families, `vllm:${name}`, labels), name).toBe(amount);
});

test('a sequence aborted in the queue leaves the later phases alone', async () => {
  const metrics = createMetrics({ modelName: 'm' });
  metrics.recordFinishedSequence({
    reason: 'abort',
    numPromptTokens: 4,
    numGenerationTokens: 0,
    maxTokens: 9,
    e2eSeconds: 0.2,
    queueSeconds: null,
    prefillSeconds: null,
    decodeSeconds: null,
  });
  const families = await scrape(metrics);
  expect(value(families, 'vllm:request_success_total', { finished_reason: 'abort' })).toBe(1);
  expect(value(families, 'vllm:e2e_request_latency_seconds_count')).toBe(1);
  for (const phase of ['queue', 'prefill', 'decode', 'inference']) {
    expect(value(families, `vllm:request_${phase}_time_seconds_count`)).toBe(0);
  }
});

test('HTTP requests by handler, method and class of status; the process by prom-client', async () => {
  const metrics = createMetrics({ modelName: 'm' });
  metrics.recordHttpRequest({ handler: '/v1/completions', method: 'POST', status: 200, seconds: 0.3 });
  metrics.recordHttpRequest({ handler: '/v1/completions', method: 'POST', status: 404, seconds: 0.01 });
  const families = await scrape(metrics);
  const labels = { handler: '/v1/completions', method: 'POST' };
  expect(value(families, 'http_requests_total', { ...labels, status: '2xx' })).toBe(1);
  expect(value(families, 'http_requests_total', { ...labels, status: '4xx' })).toBe(1);
  expect(value(families, 'http_request_duration_seconds_bucket', { ...labels, le: '0.1' })).toBe(1);
  expect(value(families, 'http_request_duration_seconds_count', labels)).toBe(2);
  expect(value(families, 'process_resident_memory_bytes')).toBeGreaterThan(1e6);
  expect(families.has('nodejs_eventloop_lag_p99_seconds')).toBe(true);
  expect(metrics.contentType).toContain('version=0.0.4');
});

test('several servers in one process do not share anything, and none keeps the process alive', async () => {
  const before = process.getActiveResourcesInfo();
  const first = createMetrics({ modelName: 'first' });
  const second = createMetrics({ modelName: 'second' });
  expect(process.getActiveResourcesInfo()).toEqual(before);
  first.recordPrompt(5, 0);
  expect(value(await scrape(first), 'vllm:prompt_tokens_total', { model_name: 'first' })).toBe(5);
  expect(value(await scrape(second), 'vllm:prompt_tokens_total', { model_name: 'second' })).toBe(0);
});
