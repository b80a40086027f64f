import { describe, expect, it } from 'vitest';
import { MetricsObserver, showEngineLoad, toHttpMetrics } from '../../src/cli/wire-metrics.ts';
import type { FinishedRequest } from '../../src/engine/engine-observer.ts';
import type { EngineStats } from '../../src/engine/step-report.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';

const stats = (over: Partial<EngineStats> = {}): EngineStats => ({
  numRunning: 0,
  numWaiting: 0,
  usedBlocks: 0,
  numBlocks: 8,
  totalPreemptions: 0,
  totalPrefixQueries: 0,
  totalPrefixHits: 0,
  ...over,
});
const finished = (over: Partial<FinishedRequest> = {}): FinishedRequest => ({
  reason: 'stop',
  numPromptTokens: 10,
  numCachedTokens: 4,
  numGeneratedTokens: 3,
  maxTokens: 20,
  queueSeconds: 0.1,
  prefillSeconds: 0.2,
  decodeSeconds: 0.4,
  totalSeconds: 0.7,
  ...over,
});

/** Value of the sample whose name is `name`, its labels aside. */
async function sample(metrics: Metrics, name: string): Promise<number> {
  const line = (await metrics.text())
    .split('\n')
    .find((each) => each.startsWith(`${name}{`) || each.startsWith(`${name} `));
  return Number(line?.split(' ').at(-1));
}

describe('MetricsObserver', () => {
  it('counts the tokens that a step delivers, the last step included', async () => {
    const metrics = createMetrics({ modelName: 'm' });
    const observer = new MetricsObserver(metrics);
    observer.step(30, stats());
    observer.firstToken(0.5);
    observer.firstToken(0.5);
    await Promise.resolve();
    observer.step(2, stats());
    observer.interToken(0.01);
    observer.interToken(0.01);
    await Promise.resolve();
    expect(await sample(metrics, 'vllm:generation_tokens_total')).toBe(4);
    expect(await sample(metrics, 'vllm:iteration_tokens_total_sum')).toBe(32);
    expect(await sample(metrics, 'vllm:time_to_first_token_seconds_sum')).toBe(1);
    expect(await sample(metrics, 'vllm:inter_token_latency_seconds_count')).toBe(2);
  });

  it('turns totals into increments', async () => {
    const metrics = createMetrics({ modelName: 'm' });
    const observer = new MetricsObserver(metrics);
    observer.step(1, stats({ totalPreemptions: 1, totalPrefixQueries: 32, totalPrefixHits: 16 }));
    observer.step(1, stats({ totalPreemptions: 3, totalPrefixQueries: 64, totalPrefixHits: 16 }));
    expect(await sample(metrics, 'vllm:num_preemptions_total')).toBe(3);
    expect(await sample(metrics, 'vllm:prefix_cache_queries_total')).toBe(64);
    expect(await sample(metrics, 'vllm:prefix_cache_hits_total')).toBe(16);
  });

  it('counts a prompt when it has been computed, and every end of a request', async () => {
    const metrics = createMetrics({ modelName: 'm' });
    const observer = new MetricsObserver(metrics);
    observer.started(10, 4);
    observer.started(10, 4);
    observer.finished(finished());
    observer.finished(finished({ reason: 'length', numGeneratedTokens: 0 }));
    observer.finished(finished({ reason: 'abort', numGeneratedTokens: 0 }));
    expect(await sample(metrics, 'vllm:prompt_tokens_total')).toBe(20);
    expect(await sample(metrics, 'vllm:prompt_tokens_cached_total')).toBe(8);
    expect(await sample(metrics, 'vllm:e2e_request_latency_seconds_count')).toBe(3);
    expect(await sample(metrics, 'vllm:request_prefill_time_seconds_count')).toBe(2);
    const text = await metrics.text();
    for (const reason of ['stop', 'length', 'abort']) {
      expect(text).toMatch(new RegExp(`request_success_total\\{finished_reason="${reason}"[^}]*\\} 1`));
    }
  });
});

describe('gauges', () => {
  it('read the load of the engine at each scrape', async () => {
    const metrics = createMetrics({ modelName: 'm' });
    let load = stats({ numRunning: 2, numWaiting: 3, usedBlocks: 4 });
    showEngineLoad(metrics, {
      get stats() {
        return load;
      },
    });
    const { body } = await toHttpMetrics(metrics).render();
    expect(body).toMatch(/vllm:num_requests_running\{[^}]*\} 2\n/);
    expect(body).toMatch(/vllm:num_requests_waiting\{[^}]*\} 3\n/);
    expect(body).toMatch(/vllm:kv_cache_usage_perc\{[^}]*\} 0\.5\n/);
    load = stats({ numBlocks: 0 });
    expect(await sample(metrics, 'vllm:kv_cache_usage_perc')).toBe(0);
  });
});
