import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer } from '../../src/cli/start-server.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { LaunchEvent } from '../../src/engine/engine-settings.ts';
import { CheckpointError, ConfigError } from '../../src/errors.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { writeTinyCheckpoint } from './support/tiny-checkpoint.ts';

const logger = createLogger({ level: 'silent', pretty: false });
let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'start-'));
});
afterAll(() => rmSync(root, { recursive: true }));

function configFor(model: string, flags: Record<string, unknown> = {}): ReturnType<typeof loadConfig> {
  return loadConfig({ flags: { model, port: 0, cacheDir: path.join(root, 'cache'), ...flags }, env: {} });
}

function post(url: string, route: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(url + route, { method: 'POST', headers, body: JSON.stringify(body) });
}

describe('startServer', () => {
  it('answers 503 while loading, then serves, and counts what it did', async () => {
    const events: LaunchEvent['phase'][] = [];
    const folder = writeTinyCheckpoint(path.join(root, 'good'));
    const config = configFor(folder, { maxModelLen: 200, generationConfig: 'none' });
    const server = await startServer(config, { logger, onEvent: ({ phase }) => events.push(phase) });
    const chat = { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 5, temperature: 0, ignore_eos: true };
    const [live, health, early] = await Promise.all([
      fetch(`${server.url}/live`),
      fetch(`${server.url}/health`),
      post(server.url, '/v1/chat/completions', chat),
    ]);
    expect([live.status, health.status, early.status]).toEqual([200, 503, 503]);
    expect(early.headers.get('retry-after')).not.toBeNull();
    expect(await early.json()).toMatchObject({ error: { code: 'server_unavailable' } });
    expect(server.isReady).toBe(false);

    await server.ready;
    expect(server.isReady).toBe(true);
    expect([...new Set(events)]).toEqual(['packing', 'loading', 'loaded', 'cache', 'warm-up', 'ready']);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    const answer = (await (await post(server.url, '/v1/chat/completions', chat)).json()) as {
      model: string;
      usage: { completion_tokens: number; prompt_tokens: number };
    };
    expect(answer).toMatchObject({ model: 'good', usage: { completion_tokens: 5 } });
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/vllm:generation_tokens_total\{[^}]*model_name="good"[^}]*\} 5\n/);
    expect(metrics).toMatch(new RegExp(`vllm:prompt_tokens_total\\{[^}]*\\} ${answer.usage.prompt_tokens}\n`));
    const list = (await (await fetch(`${server.url}/v1/models`)).json()) as { data: { max_model_len: number }[] };
    expect(list.data[0]!.max_model_len).toBe(200);

    await server.close();
    await server.close();
    await expect(fetch(`${server.url}/live`)).rejects.toThrow();
  });

  it('takes sampling defaults from generation_config.json unless told otherwise', async () => {
    const folder = writeTinyCheckpoint(path.join(root, 'defaults'));
    writeFileSync(path.join(folder, 'generation_config.json'), '{"max_new_tokens": 4, "eos_token_id": 1}');
    const tokens = async (generationConfig: string): Promise<number> => {
      const server = await startServer(configFor(folder, { generationConfig }), { logger });
      await server.ready;
      const body = { messages: [{ role: 'user', content: 'Hi' }], ignore_eos: true, seed: 1 };
      const response = await post(server.url, '/v1/chat/completions', body);
      const { usage } = (await response.json()) as { usage: { completion_tokens: number } };
      await server.close();
      return usage.completion_tokens;
    };
    expect(await tokens('auto')).toBe(4);
    expect(await tokens('none')).toBeGreaterThan(4);
  });

  it('rejects ready with what is wrong, stays at 503, and can be closed', async () => {
    const folder = writeTinyCheckpoint(path.join(root, 'bad'));
    rmSync(path.join(folder, 'tokenizer.json'));
    const server = await startServer(configFor(folder), { logger });
    await expect(server.ready).rejects.toThrow(CheckpointError);
    expect((await fetch(`${server.url}/live`)).status).toBe(503);
    await server.close();
  });

  it('can be closed while it loads', async () => {
    const folder = writeTinyCheckpoint(path.join(root, 'early'));
    const server = await startServer(configFor(folder), { logger });
    const closed = server.close();
    expect((await fetch(`${server.url}/health`)).status).toBe(503);
    await closed;
    await expect(fetch(`${server.url}/live`)).rejects.toThrow();
  });

  it('refuses a folder and an address that do not exist before it listens', async () => {
    await expect(startServer(configFor(path.join(root, 'none')), { logger })).rejects.toThrow(CheckpointError);
    const folder = writeTinyCheckpoint(path.join(root, 'address'));
    await expect(startServer(configFor(folder, { host: '192.0.2.1' }), { logger })).rejects.toThrow(ConfigError);
  });
});
