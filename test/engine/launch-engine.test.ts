import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readModelConfig } from '../../src/deepseek-v2/parse-config.ts';
import type { Generation, GenerationEvent, StartEvent } from '../../src/engine/engine.ts';
import type { FinishedRequest } from '../../src/engine/engine-observer.ts';
import type { EngineSettings, LaunchEvent } from '../../src/engine/engine-settings.ts';
import {
  type GenerateRequest,
  type GenerateRequestFields,
  toGenerateRequest,
} from '../../src/engine/generate-request.ts';
import { type LaunchedEngine, launchEngine } from '../../src/engine/launch-engine.ts';
import { ApiError, CheckpointError, ConfigError } from '../../src/errors.ts';
import { byteTokenizer } from '../support/byte-tokenizer.ts';
import { fixtureFolder, readGoldens } from '../support/goldens.ts';
import { GREEDY } from '../support/local-engine.ts';

const cacheRoot = mkdtempSync(path.join(tmpdir(), 'latent-serve-engine-'));
afterAll(() => rmSync(cacheRoot, { recursive: true, force: true }));

const events: LaunchEvent[] = [];
const finished: FinishedRequest[] = [];

async function launch(overrides: Partial<EngineSettings> = {}): Promise<LaunchedEngine> {
  const modelFolder = fixtureFolder('v2-lite-like');
  const settings: EngineSettings = {
    modelFolder,
    model: await readModelConfig(modelFolder),
    tokenizerSize: 256,
    eosTokenIds: [],
    cacheRoot,
    device: { type: 'cpu', numThreads: 1, numGroups: 3 },
    gpuMemoryUtilization: 0.9,
    loadFormat: 'auto',
    maxModelLen: null,
    maxNumSeqs: 8,
    maxNumBatchedTokens: 64,
    stepTargetMs: 200,
    kvCacheMemoryBytes: null,
    enablePrefixCaching: true,
    maxQueuedRequests: 16,
    maxQueueWaitMs: 60_000,
    ...overrides,
  };
  return await launchEngine(settings, {
    tokenizer: byteTokenizer(),
    observer: {
      started: () => {},
      callFinished: () => {},
      grammarCompiled: () => {},
      firstToken: () => {},
      interToken: () => {},
      step: () => {},
      finished: (request) => finished.push(request),
    },
    onEvent: (event) => events.push(event),
  });
}

const goldens = readGoldens('v2-lite-like');
let nextRequest = 0;

function request(fields: Partial<GenerateRequestFields> = {}): GenerateRequest {
  return toGenerateRequest({
    id: `request-${nextRequest++}`,
    promptTokenIds: goldens[3]!.prompt,
    sampling: { ...GREEDY, logprobs: null },
    maxTokens: 24,
    stop: [],
    includeStopStrInOutput: false,
    skipSpecialTokens: true,
    stripLeadingSpace: false,
    priority: 0,
    cacheSalt: null,
    promptLogprobs: null,
    grammar: null,
    ...fields,
  });
}

const FOREVER = new AbortController().signal;

async function collect(generation: Generation): Promise<GenerationEvent[]> {
  const all: GenerationEvent[] = [];
  for await (const event of generation) all.push(event);
  return all;
}

const tokensOf = (all: readonly GenerationEvent[]): number[] =>
  all.flatMap((event) => (event.type === 'delta' ? event.tokenIds : []));

describe('launchEngine', () => {
  let engine: LaunchedEngine;
  beforeAll(async () => {
    engine = await launch();
  });
  afterAll(() => engine.stop());

  it('reports how it starts', () => {
    expect(events.map(({ phase }) => phase).filter((phase, index, all) => phase !== all[index - 1])).toEqual([
      'packing',
      'loading',
      'loaded',
      'cache',
      'warm-up',
      'ready',
    ]);
  });

  it('streams what transformers generates, start first and finish last', async () => {
    const some = goldens.slice(0, 12);
    const requests = some.map(({ prompt }) => request({ promptTokenIds: prompt }));
    const outputs = await Promise.all(engine.client.submit(requests, FOREVER).map(collect));
    outputs.forEach((all, index) => {
      const { prompt, tokens } = some[index]!;
      expect(all[0]).toMatchObject({ type: 'start', numPromptTokens: prompt.length });
      const { queueMs, prefillMs, decodeMs } = (all[0] as StartEvent).times;
      for (const ms of [queueMs, prefillMs, decodeMs]) expect(ms).toBeGreaterThan(0);
      expect(all.at(-1)).toEqual({ type: 'finish', reason: 'length', stopReason: null, numCompletionTokens: 24 });
      expect(tokensOf(all)).toEqual(tokens);
    });
  });

  it('ends at a stop string and keeps it out of the text', async () => {
    const [plain] = engine.client.submit([request()], FOREVER);
    const tokens = tokensOf(await collect(plain!));
    const at = tokens.findIndex((token, index) => index > 2 && token >= 33 && token < 127);
    const stop = String.fromCharCode(tokens[at]!);
    const [stopped] = engine.client.submit([request({ stop: [stop] })], FOREVER);
    const all = await collect(stopped!);
    const first = tokens.indexOf(tokens[at]!);
    expect(tokensOf(all)).toEqual(tokens.slice(0, first + 1));
    expect(all.at(-1)).toMatchObject({ reason: 'stop', stopReason: stop });
    expect(all.flatMap((event) => (event.type === 'delta' ? event.text : [])).join('')).not.toContain(stop);
  });

  it('ends at a stop token, which counts but has no text', async () => {
    const [plain] = engine.client.submit([request()], FOREVER);
    const token = tokensOf(await collect(plain!))[4]!;
    const sampling = { ...GREEDY, logprobs: null, stopTokenIds: [token] };
    const [stopped] = engine.client.submit([request({ sampling })], FOREVER);
    const all = await collect(stopped!);
    expect(tokensOf(all).at(-1)).toBe(token);
    expect(all.at(-1)).toMatchObject({ reason: 'stop', stopReason: token });
    expect(all.findLast((event) => event.type === 'delta' && event.tokenIds.length > 0)).toMatchObject({ text: '' });
  });

  it('frees the blocks of a generation that its reader leaves', async () => {
    const [generation] = engine.client.submit([request({ maxTokens: 900 })], FOREVER);
    for await (const event of generation!) if (event.type === 'delta') break;
    await expect.poll(() => engine.client.stats, { timeout: 3000 }).toMatchObject({ usedBlocks: 0, numRunning: 0 });
    expect(finished.at(-1)).toMatchObject({ reason: 'abort' });
  });

  it('aborts all requests of a call by its signal, running and waiting', async () => {
    const controller = new AbortController();
    const generations = engine.client.submit(
      Array.from({ length: 12 }, () => request({ maxTokens: 900 })),
      controller.signal,
    );
    const outcomes = Promise.allSettled(generations.map(collect));
    controller.abort(new Error('gone'));
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { message: 'gone' } });
    await expect.poll(() => engine.client.stats, { timeout: 3000 }).toMatchObject({ usedBlocks: 0, numWaiting: 0 });
  });

  it('admits all requests of a call or none, and refuses with 429 when the queue is full', async () => {
    const many = Array.from({ length: 16 }, () => request());
    const [generation] = engine.client.submit([request()], FOREVER);
    expect(() => engine.client.submit(many, FOREVER)).toThrow(expect.objectContaining({ status: 429 }));
    expect(engine.client.stats.numWaiting).toBe(1);
    expect(tokensOf(await collect(generation!))).toHaveLength(24);
  });

  it('takes a call of more requests than may wait when none waits', async () => {
    const generations = engine.client.submit(
      Array.from({ length: 20 }, () => request({ maxTokens: 2 })),
      FOREVER,
    );
    expect(() => engine.client.submit([request()], FOREVER)).toThrow(expect.objectContaining({ status: 429 }));
    for (const output of await Promise.all(generations.map(collect))) expect(tokensOf(output)).toHaveLength(2);
  });

  it('gives the same tokens for a seed alone and in company', async () => {
    const seeded = (seed: number): GenerateRequest =>
      request({ sampling: { ...GREEDY, logprobs: null, temperature: 0.9, topP: 0.95, seed } });
    const [alone] = engine.client.submit([seeded(7)], FOREVER);
    const expected = tokensOf(await collect(alone!));
    const crowd = [seeded(1), seeded(7), seeded(2), request({ promptTokenIds: goldens[12]!.prompt }), seeded(3)];
    const outputs = await Promise.all(engine.client.submit(crowd, FOREVER).map(collect));
    expect(tokensOf(outputs[1]!)).toEqual(expected);
    expect(tokensOf(outputs[0]!)).not.toEqual(expected);
  });

  it('refuses requests while it drains and resolves when the last has ended', async () => {
    const draining = await launch();
    const [generation] = draining.client.submit([request()], FOREVER);
    const output = collect(generation!);
    const drained = draining.client.drain();
    expect(() => draining.client.submit([request()], FOREVER)).toThrow(ApiError);
    expect(tokensOf(await output)).toHaveLength(24);
    await drained;
    await draining.stop();
  });

  it('takes the later submissions of a call that it began before it drains, and waits for its end', async () => {
    const draining = await launch();
    const { client } = draining;
    const hold = client.hold();
    const tokens = async (): Promise<number[]> => tokensOf(await collect(hold.submit([request()], FOREVER)[0]!));
    const first = await tokens();
    let isDrained = false;
    const drained = client.drain().then(() => {
      isDrained = true;
    });
    expect(await tokens()).toEqual(first);
    expect(isDrained).toBe(false);
    expect(() => client.hold().submit([request()], FOREVER)).toThrow(ApiError);
    hold[Symbol.dispose]();
    // The one that was refused is still held: only what has been admitted is waited for.
    await drained;
    await draining.stop();
  });

  it('stops in the middle of a generation', async () => {
    const stopping = await launch();
    const [generation] = stopping.client.submit([request({ maxTokens: 900 })], FOREVER);
    const outcome = collect(generation!).catch((error: Error) => error.message);
    await stopping.stop();
    expect(await outcome).toBe('the server is shutting down');
  });

  it('gives up a request that waits too long', async () => {
    const busy = await launch({ maxNumSeqs: 1, maxQueueWaitMs: 50 });
    const generations = busy.client.submit([request({ maxTokens: 1000 }), request({ maxTokens: 1000 })], FOREVER);
    const [first, second] = generations.map(collect);
    first!.catch(() => {});
    await expect(second).rejects.toMatchObject({ status: 503, retryAfterSeconds: expect.any(Number) });
    await busy.stop();
  });
});

describe('a launch that cannot work', () => {
  it('names the file of a broken checkpoint', async () => {
    const modelFolder = path.join(cacheRoot, 'no-such-model');
    await expect(launch({ modelFolder })).rejects.toThrow(CheckpointError);
  });

  it('refuses more context than the model or the memory has', async () => {
    await expect(launch({ maxModelLen: 4096 })).rejects.toThrow(ConfigError);
    await expect(launch({ maxModelLen: 1024, kvCacheMemoryBytes: 100_000 })).rejects.toThrow(/max-model-len/);
  });

  it('ends its threads when the engine fails after the rank is attached', async () => {
    // More ids than the logits have columns: found by the sampler, once warm-up is over.
    await expect(launch({ tokenizerSize: 100_000 })).rejects.toThrow(/vocabulary/);
  });

  it('lowers the context where one sequence of full length would not fit', async () => {
    const engine = await launch({ kvCacheMemoryBytes: 60_000 });
    expect(engine.client.limits.maxModelLen).toBe(208);
    await engine.stop();
  });
});
