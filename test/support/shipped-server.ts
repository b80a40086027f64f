import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll } from 'vitest';
import { type RunningServer, startServer } from '../../src/cli/start-server.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

/** A server with the default model for the tests of a file, on a free port, and OpenAI's client for it. */
export function useShippedServer(): { readonly server: RunningServer; readonly client: OpenAI } {
  let cacheDir: string;
  let server: RunningServer;
  let client: OpenAI;
  beforeAll(async () => {
    cacheDir = mkdtempSync(path.join(tmpdir(), 'latent-serve-shipped-'));
    const config = loadConfig({ flags: { port: 0, cacheDir }, env: {} });
    server = await startServer(config, { logger: createLogger({ level: 'silent', pretty: false }) });
    await server.ready;
    client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: 'none', maxRetries: 0 });
  });
  afterAll(async () => {
    await server.close();
    rmSync(cacheDir, { recursive: true, force: true });
  });
  return {
    get server() {
      return server;
    },
    get client() {
      return client;
    },
  };
}
