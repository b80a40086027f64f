// Sampling on the GPU inside the engine against the host's sampler: node test/cuda/device-sampling.ts [rounds]
// Runs on Node 24 without any development dependency. Float32 fixtures and the shipped model, requests with random parameters. Every step is
// computed twice, so that the host's sampler sees the logits that the GPU's has seen; a token may differ only where float32 parameters, or the
// order of a sum, decide a near tie.
import { fileURLToPath } from 'node:url';
import { grammarVocabulary } from '../../src/engine/grammar-vocabulary.ts';
import type { StepTokens, TokenRow, TokenSource } from '../../src/engine/token-source.ts';
import { compileGrammar } from '../../src/grammar/compile-grammar.ts';
import { buildTokenTrie } from '../../src/grammar/token-trie.ts';
import type { SampledToken } from '../../src/sampling/sampler.ts';
import { GREEDY_SAMPLING, type SamplingParams, type TokenLogprobs } from '../../src/sampling/sampling-params.ts';
import { loadTokenizer } from '../../src/text/tokenizer.ts';
import { FIXTURES, fixtureFolder, readGoldens } from '../support/goldens.ts';
import type { EngineShape, LocalEngine } from '../support/local-engine.ts';
import { Checks } from './checks.ts';
import { LocalCudaModel } from './local-cuda.ts';

const F32 = { stream: 'f32', experts: 'f32' } as const;
const BF16 = { stream: 'bf16', experts: 'f16' } as const;
/** Of all tokens. */
const MOST_DIFFERENT = 1e-3;
const LOGPROB_BOUND = 1e-3;
const MAX_TOKENS = 48;

interface Job {
  readonly prompt: readonly number[];
  readonly sampling: SamplingParams;
  readonly grammar: string | null;
  readonly promptLogprobs: number | null;
}

let state = 20_240_601;
const random = (): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
};
const below = (limit: number): number => Math.floor(random() * limit);
const pick = <T>(...values: readonly T[]): T => values[below(values.length)]!;

/** Any mix of parameters, each of them off as often as not. */
function randomSampling(vocabSize: number): SamplingParams {
  const rarely = <T>(value: () => T, off: T): T => (random() < 0.35 ? value() : off);
  const ids = (count: number): number[] => Array.from({ length: count }, () => below(vocabSize));
  return {
    ...GREEDY_SAMPLING,
    temperature: pick(0, 0.5, 0.8, 1, 1.3),
    topK: rarely(() => pick(1, 5, 50, 500), 0),
    topP: rarely(() => pick(0.95, 0.8, 0.5), 1),
    minP: rarely(() => pick(0.02, 0.1), 0),
    repetitionPenalty: rarely(() => pick(1.1, 0.9, 1.5), 1),
    presencePenalty: rarely(() => pick(0.5, -0.5), 0),
    frequencyPenalty: rarely(() => pick(0.3, -0.2), 0),
    logitBias: rarely(() => [...new Set(ids(8))].map((id) => [id, pick(-100, -2, 1.5, 5)] as const), []),
    allowedTokenIds: rarely(() => pick(null, ids(200)), null),
    badWords: rarely(() => [ids(1), ids(2)], []),
    minTokens: rarely(() => below(20), 0),
    ignoreEos: random() < 0.5,
    seed: below(2 ** 31) * pick(1, -1) * 2 ** below(20),
    logprobs: pick(null, null, 0, 1, 5, 20, 21),
    logprobTokenIds: rarely(() => ids(3), []),
  };
}

interface Counts {
  tokens: number;
  /** Tokens, or failures, that are not the host's. */
  different: number;
  worstLogprob: number;
}

/** Samples each row on the device and, from the logits of the same step, on the host, whose token counts. */
class CheckedTokens implements TokenSource {
  readonly counts: Counts = { tokens: 0, different: 0, worstLogprob: 0 };
  readonly #device: TokenSource;
  readonly #host: TokenSource;

  constructor(device: TokenSource, host: TokenSource) {
    this.#device = device;
    this.#host = host;
  }

  begin(rows: readonly TokenRow[], numRows: number, slot: number): StepTokens {
    const device = this.#device.begin(rows, numRows, slot);
    const host = this.#host.begin(rows, numRows, slot);
    return {
      areChosenUnseen: false,
      prepare: () => device.prepare(),
      sample: (row) => this.#sample(row, device, host),
    };
  }

  canChooseUnseen(): boolean {
    return false;
  }

  #sample(row: TokenRow, device: StepTokens, host: StepTokens): SampledToken {
    const { counts } = this;
    counts.tokens++;
    let wanted: SampledToken;
    try {
      wanted = host.sample(row);
    } catch (error) {
      if (!hasThrown(() => device.sample(row))) counts.different++;
      throw error;
    }
    const { tokenId, logprobs } = device.sample(row);
    if (tokenId !== wanted.tokenId) counts.different++;
    else if (logprobs && wanted.logprobs) {
      counts.worstLogprob = Math.max(counts.worstLogprob, worstDifference(logprobs, wanted.logprobs));
    }
    return wanted;
  }
}

function hasThrown(work: () => unknown): boolean {
  try {
    work();
    return false;
  } catch {
    return true;
  }
}

function worstDifference(one: TokenLogprobs, other: TokenLogprobs): number {
  if (one.top.length !== other.top.length) return Number.POSITIVE_INFINITY;
  const differences = one.top.map(({ logprob }, i) => Math.abs(logprob - other.top[i]!.logprob));
  return Math.max(Math.abs(one.logprob - other.logprob), ...differences);
}

const checks = new Checks();

/** Works on all jobs together. */
function check(
  name: string,
  model: LocalCudaModel,
  jobs: readonly Job[],
  shape: EngineShape,
  setUp: (engine: LocalEngine) => void,
): void {
  let checked: CheckedTokens | null = null;
  const wrapTokens = (device: TokenSource, host: TokenSource): TokenSource => {
    checked = new CheckedTokens(device, host);
    return checked;
  };
  using engine = model.engine({ ...shape, enablePrefixCaching: false, wrapTokens }, { sampler: 'checked device' });
  setUp(engine);
  jobs.forEach(({ prompt, sampling, grammar, promptLogprobs }, index) => {
    engine.add(prompt, MAX_TOKENS, {
      sampling,
      promptLogprobs,
      fallbackSeed: index,
      grammar: grammar === null ? null : { key: grammar, stripLeadingSpace: true },
      endsAtEos: grammar !== null,
    });
  });
  engine.runToEnd();
  const { tokens, different, worstLogprob } = checked!.counts;
  const isOk = tokens > 0 && different <= MOST_DIFFERENT * tokens && worstLogprob < LOGPROB_BOUND;
  const parts = `${different} of ${tokens} tokens differ, worst logprob ${worstLogprob.toExponential(1)}`;
  checks.report(name, isOk, parts);
}

const rounds = Number(process.argv[2] ?? 2);
for (const fixture of FIXTURES) {
  using model = await LocalCudaModel.load(fixtureFolder(fixture), F32);
  const prompts = readGoldens(fixture).map(({ prompt }) => prompt);
  const { vocabSize } = model.config;
  const jobs = Array.from({ length: rounds * prompts.length }, (_, index) => ({
    prompt: prompts[index % prompts.length]!,
    sampling: randomSampling(vocabSize - 3),
    grammar: null,
    promptLogprobs: random() < 0.15 ? 2 : null,
  }));
  // Some ids of the logits do not exist.
  const shape = { vocabSize: vocabSize - 3, eosTokenIds: [1] };
  check(fixture, model, jobs, shape, () => {});
}

const folder = fileURLToPath(new URL('../../models/latent-tiny', import.meta.url));
const tokenizer = await loadTokenizer(folder);
const eosTokenIds = [tokenizer.eosTokenId!];
const vocabulary = grammarVocabulary(tokenizer, eosTokenIds);
const trie = buildTokenTrie(vocabulary.vocabulary);
const schema = JSON.stringify({
  type: 'object',
  properties: { name: { type: 'string', maxLength: 12 }, age: { type: 'integer', minimum: 0, maximum: 130 } },
  required: ['name', 'age'],
});
for (const [dtype, precision] of [
  ['f32', F32],
  ['bf16', BF16],
] as const) {
  using model = await LocalCudaModel.load(folder, precision);
  const jobs = Array.from({ length: 24 * rounds }, (_, index) => ({
    prompt: tokenizer.encodePrompt(`User: Tell me about a person (${index}).\n\nAssistant:`, {
      addSpecialTokens: true,
    }),
    sampling: randomSampling(tokenizer.size),
    grammar: random() < 0.4 ? 'person' : null,
    promptLogprobs: null,
  }));
  const shape = { vocabSize: tokenizer.size, eosTokenIds };
  check(`the shipped model in ${dtype}`, model, jobs, shape, ({ core }) => {
    core.grammars.add('person', compileGrammar({ type: 'jsonSchema', schema }, vocabulary.specialTokens), trie);
  });
}
checks.finish();
