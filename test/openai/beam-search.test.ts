import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beamSearch } from '../../src/openai/beam-search.ts';
import { parseCompletion } from '../../src/openai/parse-completion.ts';
import { fixtureFolder } from '../support/goldens.ts';
import { LocalModel } from '../support/local-engine.ts';
import { CoreEngine } from './support/core-engine.ts';
import { SCRIPTED_TIMES, type Script, ScriptedEngine } from './support/scripted-engine.ts';
import { registryOf, servedModel } from './support/served.ts';

const signal = new AbortController().signal;

interface Golden {
  readonly cases: readonly {
    readonly prompt: number[];
    readonly width: number;
    readonly maxTokens: number;
    readonly beams: readonly { readonly tokens: number[]; readonly total: number }[];
  }[];
}

describe('beam search against transformers', () => {
  const file = new URL('../fixtures/beam-search/beams.golden.json', import.meta.url);
  const { cases } = JSON.parse(readFileSync(file, 'utf8')) as Golden;
  let model: LocalModel;
  beforeAll(async () => {
    model = await LocalModel.load(fixtureFolder('v2-lite-like'));
  });
  afterAll(() => model[Symbol.dispose]());

  it.each(cases)('prompt of $prompt.length tokens, width $width', async ({ prompt, width, maxTokens, beams }) => {
    using local = model.engine({ numBlocks: 256 });
    const engine = new CoreEngine(local, { maxModelLen: 512, vocabSize: 256, eosTokenIds: [] });
    const served = { ...servedModel(), engine };
    const body = { prompt, n: width, max_tokens: maxTokens, use_beam_search: true, logprobs: 1 };
    const plan = await parseCompletion(body, registryOf(served));
    const outcomes = await beamSearch(engine, plan, plan.beam!, signal);
    expect(outcomes.map(({ tokenIds }) => tokenIds)).toEqual(beams.map(({ tokens }) => tokens));
    outcomes.forEach(({ logprobs, finish }, index) => {
      const total = logprobs.reduce((sum, { logprob }) => sum + logprob, 0);
      expect(total).toBeCloseTo(beams[index]!.total, 3);
      expect(finish).toMatchObject({ reason: 'length', numCompletionTokens: maxTokens });
    });
    expect(local.pool.numUsedBlocks).toBe(0);
  });
});

/** A model whose next token depends on the last one alone; logprobs[last][next]. Token 0 begins, the last id ends. */
type Markov = readonly (readonly number[])[];

const markovScript = (table: Markov): Script =>
  async function* (request) {
    const row = table[request.promptTokenIds.at(-1)!]!;
    const top = row
      .map((logprob, tokenId) => ({ tokenId, logprob }))
      .sort((a, b) => b.logprob - a.logprob || a.tokenId - b.tokenId)
      .slice(0, request.sampling.logprobs ?? 0);
    const best = top[0]!;
    yield { type: 'start', numPromptTokens: 1, numCachedTokens: 0, promptLogprobs: null, times: SCRIPTED_TIMES };
    yield { type: 'delta', text: '', tokenIds: [best.tokenId], logprobs: [{ ...best, rank: 1, top }] };
    yield { type: 'finish', reason: 'length', stopReason: null, numCompletionTokens: 1 };
  };

interface PlainBeam {
  readonly tokens: number[];
  readonly total: number;
  readonly ended: boolean;
}

/** vLLM's loop in obvious code: never stops early, forgets no finished output. */
function plainBeamSearch(table: Markov, width: number, maxTokens: number, lengthPenalty: number): PlainBeam[] {
  const end = table.length - 1;
  const ended: PlainBeam[] = [];
  let beams: PlainBeam[] = [{ tokens: [], total: 0, ended: false }];
  for (let step = 0; step < maxTokens; step++) {
    const next: PlainBeam[] = [];
    for (const beam of beams) {
      const row = table[beam.tokens.at(-1) ?? 0]!;
      const likeliest = row.map((_, id) => id).sort((a, b) => row[b]! - row[a]! || a - b);
      for (const id of likeliest.slice(0, 2 * width)) {
        const grown = { tokens: [...beam.tokens, id], total: beam.total + row[id]!, ended: id === end };
        (grown.ended ? ended : next).push(grown);
      }
    }
    beams = next.sort((a, b) => b.total - a.total).slice(0, width);
  }
  const score = ({ tokens, total, ended }: PlainBeam) => total / (1 + tokens.length - Number(ended)) ** lengthPenalty;
  return [...ended, ...beams].sort((a, b) => score(b) - score(a)).slice(0, width);
}

describe('beam search against the plain algorithm', () => {
  const parse = (engine: ScriptedEngine, body: object) =>
    parseCompletion({ prompt: [0], use_beam_search: true, ...body }, registryOf(servedModel(engine)));
  const markov = (table: Markov) => {
    const engine = new ScriptedEngine(markovScript(table));
    engine.limits = { maxModelLen: 64, vocabSize: table.length, eosTokenIds: [table.length - 1] };
    return engine;
  };
  const logprobTables = fc
    .array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 36, maxLength: 36 })
    .map((weights) =>
      Array.from({ length: 6 }, (_, last) => {
        const row = weights.slice(last * 6, last * 6 + 6);
        const sum = row.reduce((a, b) => a + b, 0);
        return row.map((weight) => Math.log(weight / sum));
      }),
    );

  it('finds the same outputs, though it stops as soon as nothing better can come', async () => {
    let steps = 0;
    let stepsOfPlain = 0;
    await fc.assert(
      fc.asyncProperty(
        logprobTables,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(-1, 0, 0.6, 1, 2),
        async (table, width, maxTokens, lengthPenalty) => {
          const engine = markov(table);
          const plan = await parse(engine, { n: width, max_tokens: maxTokens, length_penalty: lengthPenalty });
          const outcomes = await beamSearch(engine, plan, plan.beam!, signal);
          const expected = plainBeamSearch(table, width, maxTokens, lengthPenalty);
          expect(outcomes.map(({ tokenIds }) => tokenIds)).toEqual(expected.map(({ tokens }) => tokens));
          expect(outcomes.map(({ finish }) => finish.reason)).toEqual(
            expected.map(({ ended }) => (ended ? 'stop' : 'length')),
          );
          steps += engine.submissions.length;
          stepsOfPlain += maxTokens;
        },
      ),
      { numRuns: 300, seed: 8 },
    );
    expect(steps).toBeLessThan(stepsOfPlain);
  });

  const chain: Markov = [
    [-9, -0.1, -3, -4],
    [-9, -3, -0.2, -2],
    [-9, -3, -4, -0.1],
    [-9, -1, -1, -1],
  ];

  it('leaves the end token out of the text, but not out of the ids', async () => {
    const engine = markov(chain);
    const plan = await parse(engine, { n: 1, max_tokens: 5 });
    const [outcome] = await beamSearch(engine, plan, plan.beam!, signal);
    expect(outcome).toMatchObject({ tokenIds: [1, 2, 3], text: '\u0001\u0002', finish: { reason: 'stop' } });
  });

  it('goes through the end token with ignore_eos', async () => {
    const engine = markov(chain);
    const plan = await parse(engine, { n: 1, max_tokens: 5, ignore_eos: true });
    const [outcome] = await beamSearch(engine, plan, plan.beam!, signal);
    expect(outcome?.tokenIds).toEqual([1, 2, 3, 1, 2]);
  });

  it('searches every prompt', async () => {
    const engine = markov(chain);
    const plan = await parse(engine, { prompt: [[0], [1]], n: 2, max_tokens: 4 });
    const outcomes = await beamSearch(engine, plan, plan.beam!, signal);
    expect(outcomes).toHaveLength(4);
    expect(outcomes[0]?.tokenIds).toEqual([1, 2, 3]);
    expect(outcomes[2]?.tokenIds).toEqual([2, 3]);
  });

  it('ends with the reason of the signal', async () => {
    const engine = markov(chain);
    const plan = await parse(engine, { n: 2 });
    const gone = new AbortController();
    gone.abort(new Error('gone'));
    await expect(beamSearch(engine, plan, plan.beam!, gone.signal)).rejects.toThrow('gone');
    expect(engine.submissions).toHaveLength(0);
  });
});

describe('what does not go with beam search', () => {
  const registry = registryOf(servedModel());
  const off = { temperature: 0, top_p: 1, top_k: -1, min_p: 0, stop: [], bad_words: [], min_tokens: 0, seed: 5 };

  it('takes values that ask for nothing', async () => {
    const plan = await parseCompletion({ prompt: 'a', use_beam_search: true, n: 3, ...off }, registry);
    expect(plan.beam).toEqual({ lengthPenalty: 1 });
  });

  it.each([
    [{ stream: true }, 'stream'],
    [{ temperature: 0.7 }, 'temperature'],
    [{ top_p: 0.9 }, 'top_p'],
    [{ top_k: 5 }, 'top_k'],
    [{ min_p: 0.1 }, 'min_p'],
    [{ repetition_penalty: 1.1 }, 'repetition_penalty'],
    [{ presence_penalty: 1 }, 'presence_penalty'],
    [{ frequency_penalty: 1 }, 'frequency_penalty'],
    [{ logit_bias: { '1': 1 } }, 'logit_bias'],
    [{ allowed_token_ids: [1] }, 'allowed_token_ids'],
    [{ bad_words: ['a'] }, 'bad_words'],
    [{ stop: 'a' }, 'stop'],
    [{ stop_token_ids: [1] }, 'stop_token_ids'],
    [{ min_tokens: 1 }, 'min_tokens'],
    [{ repetition_detection: { max_pattern_size: 2, min_count: 2 } }, 'repetition_detection'],
    [{ logprobs: 1, logprob_token_ids: [1] }, 'logprob_token_ids'],
    [{ max_tokens: 0 }, 'max_tokens'],
    [{ n: 2, best_of: 3 }, 'best_of'],
  ])('%j', async (extra, param) => {
    const body = { prompt: 'a', use_beam_search: true, ...extra };
    await expect(parseCompletion(body, registry)).rejects.toMatchObject({ status: 400, param });
  });

  it('length_penalty needs it', async () => {
    await expect(parseCompletion({ prompt: 'a', length_penalty: 2 }, registry)).rejects.toMatchObject({
      param: 'length_penalty',
    });
  });

  it('is no wider than what can follow', async () => {
    const engine = new ScriptedEngine();
    engine.limits = { maxModelLen: 64, vocabSize: 5, eosTokenIds: [4] };
    const narrow = registryOf(servedModel(engine));
    const body = { prompt: [1], use_beam_search: true };
    await expect(parseCompletion({ ...body, n: 5 }, narrow)).rejects.toMatchObject({ param: 'n' });
    await expect(parseCompletion({ ...body, n: 4 }, narrow)).resolves.toMatchObject({ n: 4 });
  });
});
