import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grammarVocabulary } from '../../src/engine/grammar-vocabulary.ts';
import { compileGrammar } from '../../src/grammar/compile-grammar.ts';
import type { GrammarSpec } from '../../src/grammar/grammar-spec.ts';
import { buildTokenTrie } from '../../src/grammar/token-trie.ts';
import { GREEDY_SAMPLING, type SamplingParams } from '../../src/sampling/sampling-params.ts';
import { compileSources } from '../packing/compiled-sources.ts';
import { byteTokenizer } from '../support/byte-tokenizer.ts';
import { HashDevice, type HashDeviceOptions, type HashThreadData } from '../support/hash-engine.ts';
import { LocalEngine, type Output } from '../support/local-engine.ts';
import { anySampling } from '../support/random-sampling.ts';

/** Logits are wider than the vocabulary, in no multiple of 32. */
const WIDTH = 290;
const VOCAB_SIZE = 256;
const EOS = 0;
const POISON = 9;

const vocabulary = grammarVocabulary(byteTokenizer(), [EOS]);
const trie = buildTokenTrie(vocabulary.vocabulary);
const GRAMMARS: Readonly<Record<string, GrammarSpec>> = {
  person: {
    type: 'jsonSchema',
    schema: JSON.stringify({
      type: 'object',
      properties: { name: { type: 'string', maxLength: 6 }, age: { type: 'integer', minimum: 0, maximum: 130 } },
      required: ['name', 'age'],
    }),
  },
  list: { type: 'regex', pattern: '([a-c]+,){0,12}' },
  hard: { type: 'ebnf', grammar: 'root ::= [a-z] root [a-z] | [a-z]' },
};

interface Job {
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  readonly sampling: SamplingParams;
  readonly grammar: string | null;
  readonly promptLogprobs: number | null;
  /** Step in which it comes, and steps after which it is aborted; null: never. */
  readonly arrival: number;
  readonly abortAfter: number | null;
}

interface Shape {
  readonly numBlocks: number;
  readonly maxNumSeqs: number;
  readonly maxNumBatchedTokens: number;
}

interface Run {
  readonly outputs: readonly Output[];
  /** Places in the list of jobs of those that failed, and whether it was their own fault. */
  readonly failed: readonly (readonly [number, boolean])[];
  readonly preemptions: number;
  /** Steps that were started before their tokens were known. */
  readonly stepsAhead: number;
}

/** Lets an engine work on all jobs, each from its step on. */
function run(jobs: readonly Job[], shape: Shape, options: Partial<HashDeviceOptions>): Run {
  const device = new HashDevice({ width: WIDTH, poisonToken: POISON, maxListEntries: null, ...options });
  const config = { vocabSize: WIDTH, maxPositionEmbeddings: 512 };
  using engine = new LocalEngine(config, device, { ...shape, vocabSize: VOCAB_SIZE, eosTokenIds: [EOS] });
  for (const [key, spec] of Object.entries(GRAMMARS)) {
    engine.core.grammars.add(key, compileGrammar(spec, vocabulary.specialTokens), trie);
  }
  const outputs: Output[] = [];
  const lastArrival = Math.max(...jobs.map(({ arrival }) => arrival));
  for (let step = 0; ; step++) {
    jobs.forEach((job, index) => {
      if (job.abortAfter === step - job.arrival) engine.core.abort(index + 1);
      if (job.arrival !== step) return;
      outputs[index] = engine.add(job.prompt, job.maxTokens, {
        sampling: job.sampling,
        promptLogprobs: job.promptLogprobs,
        grammar: job.grammar === null ? null : { key: job.grammar, stripLeadingSpace: false },
        endsAtEos: job.grammar !== null,
        fallbackSeed: index,
      });
    });
    if (!engine.core.step() && step >= lastArrival) break;
    engine.pool.checkIntegrity();
  }
  const failed = engine.reports.flatMap((report) =>
    report.failed.map(({ id, isRequestFault }) => [id - 1, isRequestFault] as const),
  );
  return { outputs, failed, preemptions: engine.core.stats.totalPreemptions, stepsAhead: device.numTakingSteps };
}

function expectSame(device: Run, host: Run): void {
  expect(device.failed).toEqual(host.failed);
  expect(device.preemptions).toBe(host.preemptions);
  expectSameOutputs(device, host, []);
}

/** Who runs ahead admits new requests a step later, and so schedules otherwise; an output that is aborted may end elsewhere. */
function expectSameInTheEnd(ahead: Run, host: Run, jobs: readonly Job[]): void {
  const aborted = new Set(jobs.flatMap(({ abortAfter }, index) => (abortAfter === null ? [] : [index])));
  const ofOthers = ({ failed }: Run) => failed.filter(([index]) => !aborted.has(index)).toSorted(([a], [b]) => a - b);
  expect(ofOthers(ahead)).toEqual(ofOthers(host));
  for (const index of aborted) {
    const [one, other] = [ahead.outputs[index]!.tokens, host.outputs[index]!.tokens];
    const length = Math.min(one.length, other.length);
    expect(one.slice(0, length)).toEqual(other.slice(0, length));
  }
  expectSameOutputs(ahead, host, [...aborted]);
}

function expectSameOutputs(device: Run, host: Run, except: readonly number[]): void {
  host.outputs.forEach((wanted, index) => {
    if (except.includes(index)) return;
    const output = device.outputs[index]!;
    expect(output.tokens).toEqual(wanted.tokens);
    expect(output.finish).toBe(wanted.finish);
    expect(output.promptLogprobs).toEqual(wanted.promptLogprobs);
    expect(output.logprobs.length).toBe(wanted.logprobs.length);
    output.logprobs.forEach(({ rank, logprob, top }, i) => {
      const other = wanted.logprobs[i]!;
      expect(rank).toBe(other.rank);
      expect(logprob).toBeCloseTo(other.logprob, 4);
      expect(top.map(({ tokenId }) => tokenId)).toEqual(other.top.map(({ tokenId }) => tokenId));
      top.forEach((entry, place) => {
        expect(entry.logprob).toBeCloseTo(other.top[place]!.logprob, 4);
      });
    });
  });
}

const anyJob = fc.record({
  prompt: fc.array(fc.integer({ min: 10, max: VOCAB_SIZE - 1 }), { minLength: 1, maxLength: 40, size: 'max' }),
  maxTokens: fc.constantFrom(0, 1, 12, 60, 60, 60),
  sampling: anySampling(VOCAB_SIZE),
  grammar: fc.constantFrom(null, null, null, 'person', 'list', 'hard'),
  promptLogprobs: fc.constantFrom(null, null, null, 0, 3),
  arrival: fc.integer({ min: 0, max: 6 }),
  abortAfter: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(25) }),
});
function jobsOf(count: number, sampling: SamplingParams): Job[] {
  return Array.from({ length: count }, (_, index) => ({
    prompt: Array.from({ length: 1 + 3 * index }, (__, position) => 10 + ((index * 31 + position * 7) % 200)),
    maxTokens: 5 + ((index * 13) % 50),
    sampling,
    grammar: null,
    promptLogprobs: null,
    arrival: 0,
    abortAfter: null,
  }));
}

/** In the order of their arrival, which numbers them from 1. */
const anyJobs = fc
  .array(anyJob, { minLength: 4, maxLength: 12, size: 'max' })
  .map((jobs) => jobs.toSorted((a, b) => a.arrival - b.arrival));
const anyShape = fc.record({
  // 8 blocks hold one sequence of the longest kind.
  numBlocks: fc.constantFrom(8, 12, 200),
  maxNumSeqs: fc.constantFrom(1, 5, 16),
  maxNumBatchedTokens: fc.constantFrom(20, 64, 400),
});

describe('an engine whose device samples', () => {
  it('gives the results of one that samples itself', () => {
    const totals = { tokens: 0, logprobs: 0, failed: 0, preemptions: 0, scored: 0 };
    fc.assert(
      fc.property(anyJobs, anyShape, fc.constantFrom(40, 10_000), (jobs, shape, maxListEntries) => {
        const host = run(jobs, shape, {});
        expectSame(run(jobs, shape, { maxListEntries }), host);
        for (const { tokens, logprobs, promptLogprobs } of host.outputs) {
          totals.tokens += tokens.length;
          totals.logprobs += logprobs.length;
          totals.scored += Number(promptLogprobs !== null);
        }
        totals.failed += host.failed.length;
        totals.preemptions += host.preemptions;
      }),
      { numRuns: 80, seed: 7 },
    );
    expect(totals.tokens).toBeGreaterThan(3000);
    expect(totals.logprobs).toBeGreaterThan(1000);
    expect(totals.failed).toBeGreaterThan(10);
    expect(totals.scored).toBeGreaterThan(10);
    expect(totals.preemptions).toBeGreaterThan(10);
  });

  it('gives them when it starts steps before it knows their tokens', () => {
    let stepsAhead = 0;
    let tokens = 0;
    fc.assert(
      fc.property(anyJobs, anyShape, fc.constantFrom(40, 10_000), (jobs, shape, maxListEntries) => {
        const host = run(jobs, shape, {});
        const ahead = run(jobs, shape, { maxListEntries, numSlots: 2 });
        expectSameInTheEnd(ahead, host, jobs);
        stepsAhead += ahead.stepsAhead;
        tokens += host.outputs.reduce((sum, output) => sum + output.tokens.length, 0);
      }),
      { numRuns: 80, seed: 8 },
    );
    // Most parameters are drawn at random here, and one sequence that cannot be computed unseen holds up all.
    const plain = jobsOf(12, { ...GREEDY_SAMPLING, ignoreEos: true });
    const seeded = jobsOf(12, { ...GREEDY_SAMPLING, temperature: 1, seed: 5, logprobs: 3 });
    for (const jobs of [plain, seeded, [...plain, ...seeded]]) {
      for (const shape of [
        { numBlocks: 200, maxNumSeqs: 24, maxNumBatchedTokens: 400 },
        { numBlocks: 12, maxNumSeqs: 5, maxNumBatchedTokens: 20 },
      ]) {
        const ahead = run(jobs, shape, { maxListEntries: 1000, numSlots: 2 });
        expectSameInTheEnd(ahead, run(jobs, shape, {}), jobs);
        expect(ahead.stepsAhead).toBeGreaterThan(30);
      }
    }
    expect(tokens).toBeGreaterThan(3000);
    expect(stepsAhead).toBeGreaterThan(100);
  });

  it('gives them when its rank is another thread, which waits for masks', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'latent-serve-hash-'));
    const threads: Promise<number>[] = [];
    try {
      const entry = compileSources('test/support/hash-rank-worker.ts', folder, '.');
      symlinkSync(path.resolve('src/cuda/kernels'), path.join(folder, 'src/cuda/kernels'));
      const startThread = (workerData: HashThreadData): void => {
        const worker = new Worker(entry, { workerData, execArgv: [] });
        threads.push(new Promise((resolve) => worker.once('exit', resolve)));
      };
      const shape = { numBlocks: 10, maxNumSeqs: 8, maxNumBatchedTokens: 64 };
      for (const jobs of fc.sample(anyJobs, { numRuns: 6, seed: 21 })) {
        const host = run(jobs, shape, {});
        expectSame(run(jobs, shape, { maxListEntries: 200, startThread }), host);
        expectSameInTheEnd(run(jobs, shape, { maxListEntries: 200, numSlots: 2, startThread }), host, jobs);
      }
      const plain = jobsOf(8, { ...GREEDY_SAMPLING, ignoreEos: true });
      const ahead = run(plain, shape, { maxListEntries: 200, numSlots: 2, startThread });
      expectSameInTheEnd(ahead, run(plain, shape, {}), plain);
      expect(await Promise.all(threads)).toEqual(threads.map(() => 0));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
