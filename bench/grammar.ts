import { compileGrammar } from '../src/grammar/compile-grammar.ts';
import type { GrammarMatcher } from '../src/grammar/grammar-matcher.ts';
import { GrammarRunner } from '../src/grammar/grammar-runner.ts';
import type { GrammarSpec } from '../src/grammar/grammar-spec.ts';
import { hasToken, maskWords } from '../src/grammar/token-set.ts';
import { buildTokenTrie, packVocabulary, type TokenTrieData } from '../src/grammar/token-trie.ts';
import { percentile } from './statistics.ts';
import { syntheticVocabulary } from './synthetic-vocabulary.ts';

// What constrained decoding costs over a vocabulary of the size of DeepSeek-V2's: node dist-bench/bench/grammar.js

const VOCAB_SIZE = 102_400;
const EOS = VOCAB_SIZE - 1;
const BATCH = 64;
const STEPS = 60;

const json = (schema: object): GrammarSpec => ({ type: 'jsonSchema', schema: JSON.stringify(schema) });
const text = (maxLength: number) => ({ type: 'string', maxLength });
const specs: Readonly<Record<string, GrammarSpec>> = {
  'any JSON object': { type: 'jsonObject' },
  'a nested schema': json({
    type: 'object',
    properties: {
      name: { type: 'string' },
      age: { type: 'integer' },
      tags: { type: 'array', items: { type: 'string' } },
      address: {
        type: 'object',
        properties: { street: { type: 'string' }, zip: { type: 'string' } },
        required: ['zip'],
      },
    },
    required: ['name', 'tags', 'address'],
  }),
  'three strings with maxLength': json({
    type: 'object',
    properties: { a: text(200), b: text(200), c: text(100) },
    required: ['a', 'b', 'c'],
  }),
  'a pattern': json({ type: 'string', pattern: '^[A-Za-z][A-Za-z0-9 _-]{2,400}$' }),
  'an enum of 500': json({ enum: Array.from({ length: 500 }, (_, i) => `country ${i}`) }),
};

const write = (line: string): void => void process.stdout.write(`${line}\n`);
const trie = buildTrie();
write(`batch of ${BATCH}, ${STEPS} steps; milliseconds`);
write('| grammar | compile | first 64 masks | step p50 | step p99 | mask and accept, one token |');
write('| --- | ---: | ---: | ---: | ---: | ---: |');
for (const [name, spec] of Object.entries(specs)) measure(name, spec);

function buildTrie(): TokenTrieData {
  const spellings = syntheticVocabulary(VOCAB_SIZE);
  const began = performance.now();
  const built = buildTokenTrie(packVocabulary(VOCAB_SIZE, (id) => (id === EOS ? new Uint8Array(0) : spellings[id]!)));
  write(`trie of ${built.bytes.length} nodes: ${(performance.now() - began).toFixed(0)} ms, once`);
  return built;
}

/** Outputs of a model that knows nothing, {@link BATCH} at a time; one that ends is followed by another. */
function measure(name: string, spec: GrammarSpec): void {
  const runner = new GrammarRunner(trie, [EOS]);
  const began = performance.now();
  const grammar = runner.load(compileGrammar(spec, []));
  const compileMs = performance.now() - began;
  const mask = new Int32Array(maskWords(VOCAB_SIZE));
  const random = randomFrom(1);
  const matchers = Array.from({ length: BATCH }, () => grammar.open(true));
  const steps: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    let spent = 0;
    for (let i = 0; i < BATCH; i++) {
      const matcher = matchers[i]!;
      const from = performance.now();
      matcher.fillMask(mask);
      spent += performance.now() - from;
      const token = choose(mask, random);
      if (token === null) {
        matchers[i] = grammar.open(true);
        continue;
      }
      spent += timeOf(matcher, token);
    }
    steps.push(spent);
  }
  const [first = 0, ...rest] = steps;
  const later = rest.sort((a, b) => a - b);
  const perToken = later.reduce((sum, ms) => sum + ms, 0) / later.length / BATCH;
  const figures = [compileMs, first, percentile(later, 50), percentile(later, 99), perToken];
  write(`| ${name} | ${figures.map((ms) => ms.toFixed(ms < 1 ? 3 : 1)).join(' | ')} |`);
}

function timeOf(matcher: GrammarMatcher, token: number): number {
  const from = performance.now();
  matcher.accept(token);
  return performance.now() - from;
}

/** A token of the mask that is not the end token, if there is one, as if drawn from the whole vocabulary. */
function choose(mask: Int32Array, random: () => number): number | null {
  const from = Math.floor(random() * VOCAB_SIZE);
  for (let i = 0; i < VOCAB_SIZE; i++) {
    const id = (from + i) % VOCAB_SIZE;
    if (id !== EOS && hasToken(mask, id)) return id;
  }
  return null;
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
