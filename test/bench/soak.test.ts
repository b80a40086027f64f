import { expect, test } from 'vitest';
import { brokenBounds, runSoak, type SoakResult } from '../../bench/run-soak.ts';
import { parseServerLoad } from '../../bench/server-load.ts';
import { FakeServer } from './fake-server.ts';

const GOOD: SoakResult = {
  requests: 100,
  aborted: 10,
  errors: {},
  durationSeconds: 5,
  rssBaseline: 200e6,
  rssEnd: 219e6,
  rssSamples: [],
  fdsBefore: 30,
  fdsAfter: 30,
  loadAfter: { running: 0, waiting: 0, kvUsage: 0 },
  idleAfterMs: 10,
};

test('a soak against a server that gives everything back', async () => {
  const server = new FakeServer();
  const url = await server.listen();
  let output = '';
  const result = await runSoak(
    {
      url,
      pid: process.pid,
      model: 'm',
      endpoint: 'completions',
      vocabSize: 100,
      seed: 8,
      requests: 200,
      concurrency: 8,
      abortShare: 0.2,
      maxPromptTokens: 20,
      maxOutputTokens: 6,
      baselineRequests: 50,
    },
    (text) => {
      output += text;
    },
  ).finally(() => server.close());
  expect(result.requests).toBe(200);
  expect(result.errors).toEqual({});
  expect(result.aborted).toBeGreaterThan(10);
  // The fake server may have written a short answer in full before it sees that the client has left.
  expect(server.abandoned).toBeGreaterThan(0);
  expect(server.abandoned).toBeLessThanOrEqual(result.aborted);
  expect(result.loadAfter).toEqual({ running: 0, waiting: 0, kvUsage: 0 });
  expect(result.rssBaseline).toBeGreaterThan(10e6);
  expect(result.fdsAfter).toBe(result.fdsBefore);
  expect(output.trim().split('\n')).toHaveLength(10);
  const lengths = new Set(server.requests.map((request) => request.body.prompt?.length));
  expect(lengths.size).toBeGreaterThan(15);
});

test.each<[string, Partial<SoakResult>, RegExp]>([
  ['memory', { rssEnd: 221e6 }, /grew by 10\.5 %/],
  ['errors', { errors: { 'socket hang up': 3 } }, /3 requests failed: socket hang up/],
  ['blocks', { loadAfter: { running: 0, waiting: 0, kvUsage: 0.01 } }, /cache still in use/],
  ['running', { loadAfter: { running: 1, waiting: 0, kvUsage: 0 } }, /1 sequences still running/],
  ['waiting', { loadAfter: { running: 0, waiting: 2, kvUsage: 0 } }, /2 sequences still waiting/],
  ['descriptors', { fdsAfter: 31 }, /31 file descriptors open, 30 before/],
])('a broken bound is named: %s', (_name, change, expected) => {
  expect(brokenBounds(GOOD)).toEqual([]);
  const broken = brokenBounds({ ...GOOD, ...change });
  expect(broken).toHaveLength(1);
  expect(broken[0]).toMatch(expected);
});

test('reads the gauges with and without labels', () => {
  const text = (labels: string) =>
    `vllm:num_requests_running${labels} 2\nvllm:num_requests_waiting${labels} 1\nvllm:kv_cache_usage_perc${labels} 0.5\n`;
  for (const labels of ['', '{model_name="a b",engine="0"}']) {
    expect(parseServerLoad(text(labels))).toEqual({ running: 2, waiting: 1, kvUsage: 0.5 });
  }
  expect(() => parseServerLoad('')).toThrow(/num_requests_running/);
});
