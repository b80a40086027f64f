import { Writable } from 'node:stream';
import pino from 'pino';
import { expect, it } from 'vitest';
import { ScriptedEngine } from '../openai/support/scripted-engine.ts';
import { testApp } from './support/app.ts';

it('logs each request once with its id, bugs with their stack, and no bodies', async () => {
  const lines: Record<string, unknown>[] = [];
  const sink = new Writable({
    write(line, _encoding, done) {
      lines.push(JSON.parse(String(line)));
      done();
    },
  });
  const engine = new ScriptedEngine(async function* () {
    yield* [];
    throw new TypeError('a bug');
  });
  const { app } = testApp(engine, { logger: pino({ level: 'info' }, sink) });
  await app.inject({ method: 'GET', url: '/health' });
  await app.inject({
    method: 'POST',
    url: '/v1/completions?secret=1',
    payload: { prompt: 'private words' },
    headers: { 'x-request-id': 'mine' },
  });
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatchObject({
    reqId: 'mine',
    msg: 'unexpected error',
    err: { stack: expect.stringContaining('a bug') },
  });
  expect(lines[1]).toMatchObject({
    reqId: 'mine',
    msg: 'request',
    method: 'POST',
    path: '/v1/completions',
    status: 500,
  });
  expect(JSON.stringify(lines)).not.toMatch(/private words|secret/);
});
