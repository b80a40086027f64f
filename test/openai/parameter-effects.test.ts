import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../src/cli/start-server.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { parameterTable } from '../../src/openai/parameter-table.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { Asked } from './effects/asked.ts';
import { chatEffects } from './effects/chat-effects.ts';
import { formatEffects } from './effects/format-effects.ts';
import { completionEffects, requestEffects } from './effects/request-effects.ts';
import { samplingEffects } from './effects/sampling-effects.ts';

const shared = { ...samplingEffects, ...requestEffects, ...formatEffects };
const effects = {
  chat: { ...shared, ...chatEffects },
  completions: { ...shared, ...completionEffects },
};

let cacheDir: string;
let server: RunningServer;
beforeAll(async () => {
  cacheDir = mkdtempSync(path.join(tmpdir(), 'latent-serve-effects-'));
  const config = loadConfig({ flags: { port: 0, cacheDir, maxNumSeqs: 2, trustRequestChatTemplate: true }, env: {} });
  server = await startServer(config, { logger: createLogger({ level: 'silent', pretty: false }) });
  await server.ready;
});
afterAll(async () => {
  await server.close();
  rmSync(cacheDir, { recursive: true, force: true });
});

describe.each(['chat', 'completions'] as const)('%s: what is accepted has an effect', (endpoint) => {
  it('has an effect to show for every field that the table calls supported', () => {
    const supported = parameterTable.filter(
      ({ status, endpoints }) => status === 'supported' && endpoints.includes(endpoint),
    );
    expect(Object.keys(effects[endpoint]).sort()).toEqual(supported.map(({ name }) => name).sort());
  });

  it.each(Object.keys(effects[endpoint]))('%s', async (name) => {
    await effects[endpoint][name]!(new Asked(server.url, endpoint));
  });
});
