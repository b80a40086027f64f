import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterEach } from 'vitest';
import { buildApp } from '../../../src/http/app.ts';
import type { AppOptions } from '../../../src/http/app-options.ts';
import type { ScriptedEngine } from '../../openai/support/scripted-engine.ts';
import { servedModel, type TestModel } from '../../openai/support/served.ts';

const open: FastifyInstance[] = [];
afterEach(async () => {
  for (const app of open.splice(0)) {
    app.server.closeAllConnections();
    await app.close();
  }
});

export interface TestApp {
  readonly app: FastifyInstance;
  readonly model: TestModel;
  readonly engine: ScriptedEngine;
}

/** An app around a scripted engine; closed after the test. */
export function testApp(engine?: ScriptedEngine, options: Partial<AppOptions> = {}): TestApp {
  const model = servedModel(engine);
  const app = buildApp({ models: [model], version: '1.2.3', ...options });
  open.push(app);
  return { app, model, engine: model.engine };
}

/** The same, listening. */
export async function listeningApp(
  engine?: ScriptedEngine,
  options: Partial<AppOptions> = {},
): Promise<TestApp & { readonly port: number; readonly baseUrl: string }> {
  const made = testApp(engine, options);
  await made.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = made.app.server.address() as AddressInfo;
  return { ...made, port, baseUrl: `http://127.0.0.1:${port}` };
}

/** The data of each server-sent event; JSON parsed, `[DONE]` as it is. */
export function framesOf(body: string): unknown[] {
  return body
    .split('\n\n')
    .filter((event) => event !== '' && !event.startsWith(':'))
    .map((event) => {
      if (!event.startsWith('data: ')) throw new Error(`not a data frame: ${event}`);
      const data = event.slice('data: '.length);
      return data === '[DONE]' ? data : JSON.parse(data);
    });
}
