import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type BenchOptions, runBench } from '../../bench/run-bench.ts';
import { type Answer, FakeServer, streamTokens } from './fake-server.ts';

const PACKAGE_JSON = new URL('../../package.json', import.meta.url);

async function bench(overrides: Partial<BenchOptions>, answer?: Answer) {
  const server = new FakeServer(answer);
  let output = '';
  const options: BenchOptions = {
    url: await server.listen(),
    apiKey: 'sk-secret',
    model: 'm',
    endpoint: 'completions',
    vocabSize: 100,
    seed: 4,
    mode: 'closed',
    concurrency: [1, 4],
    rate: 1,
    requests: 12,
    promptTokens: 6,
    maxTokens: 3,
    warmup: 2,
    ...overrides,
  };
  const errors = await runBench(options, PACKAGE_JSON, (text) => {
    output += text;
  }).finally(() => server.close());
  return { server, output, errors };
}

function rowsOf(output: string): string[][] {
  const rows = output.split('\n').filter((line) => line.startsWith('| '));
  return rows.map((row) => row.split('|').map((cell) => cell.trim()));
}

test('closed loop: one row a level, connections reused, the whole answered', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  const json = join(directory, 'report.json');
  const { server, output, errors } = await bench({ json });
  const report = JSON.parse(readFileSync(json, 'utf8')) as { levels: { name: string; summary: object }[] };
  rmSync(directory, { recursive: true });
  expect(errors).toBe(0);
  expect(server.requests).toHaveLength(2 + 12 + 12);
  expect(server.maxActive).toBe(4);
  expect(server.numConnections).toBe(4);
  const [titles, ...rows] = rowsOf(output);
  expect(titles).toContain('ITL p99');
  expect(rows.map((row) => row.slice(1, 4))).toEqual([
    ['1 streams', '12', '0'],
    ['4 streams', '12', '0'],
  ]);
  for (const row of rows) for (const cell of row.slice(4, -1)) expect(Number(cell)).toBeGreaterThanOrEqual(0);
  expect(output).toContain(process.version);
  expect(output).toContain('onnxruntime-node 1.');
  expect(output).toContain('"version":"fake"');
  expect(report.levels.map((level) => level.summary)).toMatchObject([{ outputTokens: 36 }, { outputTokens: 36 }]);
  expect(JSON.stringify(report)).not.toContain('sk-secret');
});

test('open loop over chat', async () => {
  const { server, output, errors } = await bench({ mode: 'open', rate: 2000, endpoint: 'chat' });
  expect(errors).toBe(0);
  expect(server.requests.every((request) => request.path === '/v1/chat/completions')).toBe(true);
  expect(rowsOf(output)[1]?.slice(1, 4)).toEqual(['2000 req/s', '12', '0']);
});

test('failed requests are counted and named', async () => {
  let count = 0;
  const { output, errors } = await bench({ concurrency: [2], warmup: 0 }, async (request, response) => {
    if (++count % 3 === 0) response.writeHead(503).end('loading');
    else await streamTokens(request, response);
  });
  expect(errors).toBe(4);
  expect(output).toContain('4 x 503 loading');
});

test('a server that is not there is said so', async () => {
  await expect(bench({ url: 'http://127.0.0.1:9' })).rejects.toThrow(/ECONNREFUSED/);
});
