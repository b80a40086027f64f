import { Writable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ScriptedEngine } from '../openai/support/scripted-engine.ts';
import { testApp } from './support/app.ts';
import { fuzzEndpoints } from './support/fuzz-endpoints.ts';
import { expectRefusal } from './support/refusal.ts';
import { badRequest, hostileRequest, type SpoiltRequest } from './support/spoil.ts';

const BAD_RUNS = 2500;
const HOSTILE_RUNS = 700;
const MEMORY_RUNS = 500;
/** Of the heap over as many bad requests: 2 KB for each that was kept would be seen. */
const MAX_GROWTH_BYTES = 1024 * 1024;

let app: FastifyInstance;
let troubles: string[];
let rejections: unknown[];
const onRejection = (reason: unknown): void => {
  rejections.push(reason);
};

beforeEach(() => {
  troubles = [];
  rejections = [];
  process.on('unhandledRejection', onRejection);
  const sink = new Writable({
    write(line, _encoding, done) {
      if (JSON.parse(String(line)).level >= 50) troubles.push(String(line));
      done();
    },
  });
  // Short answers, because a valid request now and then is not what is tested.
  const engine = new ScriptedEngine();
  engine.limits = { ...engine.limits, maxModelLen: 4096 };
  ({ app } = testApp(engine, { logger: pino({ level: 'error' }, sink) }));
});

afterEach(() => {
  process.off('unhandledRejection', onRejection);
  expect(troubles).toEqual([]);
  expect(rejections).toEqual([]);
});

const send = ({ endpoint, payload, contentType }: Omit<SpoiltRequest, 'how'>) =>
  app.inject({
    method: 'POST',
    url: endpoint.url,
    payload,
    headers: contentType === undefined ? {} : { 'content-type': contentType },
  });

async function expectLife(): Promise<void> {
  for (const endpoint of fuzzEndpoints) {
    const answer = await send({ endpoint, payload: JSON.stringify(endpoint.body), contentType: 'application/json' });
    expect(answer.statusCode, `${endpoint.url} ${answer.body}`).toBe(200);
  }
}

describe('spoilt requests', () => {
  it('begin as requests that every endpoint accepts', expectLife);

  it('are refused in the shape of the endpoint when they are bad, and the server lives', async () => {
    const seen = new Map<string, number>();
    const property = fc.asyncProperty(badRequest, async (request) => {
      expectRefusal(await send(request), request.endpoint.errors);
      seen.set(request.endpoint.url, (seen.get(request.endpoint.url) ?? 0) + 1);
    });
    await fc.assert(property, { numRuns: BAD_RUNS });
    expect(Math.min(...fuzzEndpoints.map(({ url }) => seen.get(url) ?? 0))).toBeGreaterThan(10);
    await expectLife();
  });

  it('are never a server error when they are only hostile', async () => {
    const property = fc.asyncProperty(hostileRequest, async (request) => {
      const answer = await send(request);
      if (answer.statusCode !== 200) expectRefusal(answer, request.endpoint.errors);
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    });
    await fc.assert(property, { numRuns: HOSTILE_RUNS });
    await expectLife();
  });

  it('leave no memory behind', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const requests = fc.sample(badRequest, { numRuns: MEMORY_RUNS, seed: 1 });
    const heapAfterAll = async (): Promise<number> => {
      for (const request of requests) await send(request);
      collect();
      return process.memoryUsage().heapUsed;
    };
    await heapAfterAll();
    const before = await heapAfterAll();
    // The lower of two: what the last request left to be collected later is no growth.
    const after = Math.min(await heapAfterAll(), await heapAfterAll());
    expect(after - before).toBeLessThan(MAX_GROWTH_BYTES);
  });

  it('for the id of a request to cancel are 404s', async () => {
    const id = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });
    const property = fc.asyncProperty(id, async (id) => {
      const url = `/v1/requests/${encodeURIComponent(id.replace(/\p{Surrogate}/gu, '?'))}/cancel`;
      const answer = await app.inject({ method: 'POST', url });
      expect(answer.statusCode, url).toBe(404);
      expect(answer.json().error).toMatchObject({ code: 'request_not_found', param: 'id' });
    });
    await fc.assert(property, { numRuns: 200 });
    const broken = await app.inject({ method: 'POST', url: '/v1/requests/%ff/cancel' });
    expect(broken.statusCode).toBe(400);
  });
});
