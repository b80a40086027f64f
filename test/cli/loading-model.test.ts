import { describe, expect, it } from 'vitest';
import { type LoadedModel, LoadingModel } from '../../src/cli/loading-model.ts';
import { servedNames } from '../../src/cli/wire-model.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { TextCodec } from '../../src/openai/served-model.ts';

const signal = new AbortController().signal;
const unavailable = (message: RegExp, retryAfterSeconds: number | undefined) =>
  expect.objectContaining({ status: 503, message: expect.stringMatching(message), retryAfterSeconds });

describe('LoadingModel', () => {
  it('refuses everything with 503 and a time to try again while it loads', () => {
    const model = new LoadingModel(['m'], '/m');
    expect(model.engine.state).toBe('loading');
    const refused = unavailable(/loading/, 5);
    expect(() => model.engine.submit([], signal)).toThrow(refused);
    expect(() => model.engine.limits).toThrow(refused);
    expect(() => model.text).toThrow(refused);
    expect(() => model.generationDefaults).toThrow(refused);
  });

  it('says when waiting is in vain', () => {
    const model = new LoadingModel(['m'], '/m');
    model.engine.giveUp('failed');
    expect(model.engine.state).toBe('failed');
    expect(() => model.engine.submit([], signal)).toThrow(unavailable(/could not be loaded/, undefined));
    model.engine.giveUp('draining');
    expect(model.engine.state).toBe('draining');
    expect(() => model.engine.submit([], signal)).toThrow(unavailable(/shutting down/, 5));
  });

  it('is the model once that is there, and follows its state', () => {
    let state: Engine['state'] = 'ready';
    const limits = { maxModelLen: 7, eosTokenIds: [], vocabSize: 9 };
    const engine: Engine = {
      get state() {
        return state;
      },
      limits,
      submit: () => [],
      hold: () => expect.unreachable('nobody holds it'),
      compileGrammar: async () => ({ key: 'k' }),
    };
    const loaded: LoadedModel = { engine, text: {} as TextCodec, generationDefaults: { topK: 3 } };
    const model = new LoadingModel(['m'], '/m');
    model.become(loaded);
    expect(model.engine.state).toBe('ready');
    expect(model.engine.limits).toBe(limits);
    expect(model.text).toBe(loaded.text);
    expect(model.generationDefaults).toEqual({ topK: 3 });
    expect(model.engine.submit([], signal)).toEqual([]);
    state = 'failed';
    expect(model.engine.state).toBe('failed');
  });
});

describe('servedNames', () => {
  it.each<[string[], string[]]>([
    [[], ['DeepSeek-V2-Lite', 'default', 'deepseek-chat']],
    [
      ['a', 'b'],
      ['a', 'b', 'default', 'deepseek-chat'],
    ],
    [
      ['deepseek-chat', 'deepseek-chat'],
      ['deepseek-chat', 'default'],
    ],
  ])('%j', (given, names) => expect(servedNames(given, '/models/DeepSeek-V2-Lite')).toEqual(names));
});
