import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grammarVocabulary } from '../../src/engine/grammar-vocabulary.ts';
import { compileGrammar } from '../../src/grammar/compile-grammar.ts';
import type { GrammarSpec } from '../../src/grammar/grammar-spec.ts';
import { buildTokenTrie } from '../../src/grammar/token-trie.ts';
import { GREEDY_SAMPLING, type SamplingParams } from '../../src/sampling/sampling-params.ts';
import { loadTokenizer } from '../../src/text/tokenizer.ts';
import { type EngineShape, type LocalEngine, LocalModel, type Output } from '../support/local-engine.ts';

const folder = fileURLToPath(new URL('../../models/latent-tiny', import.meta.url));
const tokenizer = await loadTokenizer(folder);
const EOS = tokenizer.eosTokenId!;
const vocabulary = grammarVocabulary(tokenizer, [EOS]);
const trie = buildTokenTrie(vocabulary.vocabulary);

const person: GrammarSpec = {
  type: 'jsonSchema',
  schema: JSON.stringify({
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 3, maxLength: 40 },
      age: { type: 'integer', minimum: 0, maximum: 130 },
    },
    required: ['name', 'age'],
  }),
};
/** Outputs of a hundred tokens and more. */
const words: GrammarSpec = {
  type: 'jsonSchema',
  schema: JSON.stringify({ type: 'array', items: { type: 'string', minLength: 8, maxLength: 20 }, minItems: 16 }),
};
const wild: SamplingParams = { ...GREEDY_SAMPLING, temperature: 1.5 };

let model: LocalModel;
beforeAll(async () => {
  model = await LocalModel.load(folder);
});
afterAll(() => model[Symbol.dispose]());

function engineWith(specs: Readonly<Record<string, GrammarSpec>>, shape: EngineShape = {}): LocalEngine {
  const engine = model.engine({ eosTokenIds: [EOS], ...shape });
  for (const [key, spec] of Object.entries(specs)) {
    engine.core.grammars.add(key, compileGrammar(spec, vocabulary.specialTokens), trie);
  }
  return engine;
}

function prompt(text: string): number[] {
  return tokenizer.encodePrompt(`User: ${text}\n\nAssistant:`, { addSpecialTokens: true });
}

function ask(
  engine: LocalEngine,
  key: string,
  text: string,
  seed: number,
  sampling: Partial<SamplingParams> = {},
  maxTokens = 160,
) {
  return engine.add(prompt(text), maxTokens, {
    sampling: { ...wild, seed, ...sampling },
    grammar: { key, stripLeadingSpace: true },
    endsAtEos: true,
  });
}

function textOf({ tokens }: Output): string {
  return tokenizer.decode(tokens, { skipSpecialTokens: true }).replace(/^ /, '');
}

function isPerson(text: string): boolean {
  const { name, age } = JSON.parse(text) as { name: string; age: number };
  return [...name].length >= 3 && [...name].length <= 40 && Number.isInteger(age) && age >= 0 && age <= 130;
}

describe('outputs that must match a grammar', () => {
  it('match it, are the same alone and in company, and leave others as they were', () => {
    using engine = engineWith({ person });
    const free = engine.add(prompt('What is the capital of France?'), 12, { sampling: GREEDY_SAMPLING });
    engine.runToEnd();
    const alone = Array.from({ length: 6 }, (_, seed) => {
      const output = ask(engine, 'person', `A person, please (${seed}).`, seed);
      engine.runToEnd();
      return output.tokens;
    });
    const together = Array.from({ length: 6 }, (_, seed) => ask(engine, 'person', `A person, please (${seed}).`, seed));
    const freeAgain = engine.add(prompt('What is the capital of France?'), 12, { sampling: GREEDY_SAMPLING });
    engine.runToEnd();
    expect(together.map(({ tokens }) => tokens)).toEqual(alone);
    expect(freeAgain.tokens).toEqual(free.tokens);
    for (const output of together) {
      expect(output.finish).toBe('stop');
      expect(output.tokens.at(-1)).toBe(EOS);
      expect(isPerson(textOf(output)), textOf(output)).toBe(true);
    }
  });

  it('survive preemptions without a different token', () => {
    const run = (shape: EngineShape): { outputs: Output[]; preemptions: number } => {
      using engine = engineWith({ words }, { maxNumSeqs: 8, enablePrefixCaching: false, ...shape });
      const outputs = Array.from({ length: 8 }, (_, seed) =>
        // Greedy: a recomputed token differs in the last bits, and a draw among thousands would tell.
        ask(engine, 'words', `Many words (${seed}).`, seed, { temperature: 0 }),
      );
      engine.runToEnd();
      return { outputs, preemptions: engine.core.stats.totalPreemptions };
    };
    const roomy = run({});
    const tight = run({ numBlocks: 14 });
    expect(roomy.preemptions).toBe(0);
    expect(tight.preemptions).toBeGreaterThan(0);
    expect(tight.outputs.map(({ tokens }) => tokens)).toEqual(roomy.outputs.map(({ tokens }) => tokens));
  });

  it('end with their grammar, whatever ignore_eos and min_tokens say', () => {
    using engine = engineWith({ choice: { type: 'choice', choices: ['yes', 'no'] }, person });
    const stubborn = { ignoreEos: true, minTokens: 100 };
    const choice = ask(engine, 'choice', 'Is the sky blue?', 1, stubborn);
    const object = ask(engine, 'person', 'A person.', 1, stubborn);
    engine.runToEnd();
    expect(['yes', 'no']).toContain(textOf(choice));
    expect(isPerson(textOf(object))).toBe(true);
    for (const { finish } of [choice, object]) expect(finish).toBe('stop');
  });

  it('goes on as long as it can where end tokens are to be ignored', () => {
    using engine = engineWith({ list: { type: 'regex', pattern: '(a,){0,20}' } });
    const output = ask(engine, 'list', 'Say something.', 1, { ignoreEos: true });
    engine.runToEnd();
    expect(textOf(output)).toBe('a,'.repeat(20));
  });

  it('are cut where tokens run out, to the beginning of a match', () => {
    using engine = engineWith({ person });
    const full = ask(engine, 'person', 'A person.', 5);
    engine.runToEnd();
    const cut = ask(engine, 'person', 'A person.', 5, {}, 7);
    engine.runToEnd();
    expect(cut.finish).toBe('length');
    expect(cut.tokens).toEqual(full.tokens.slice(0, 7));
  });

  it('fail alone when their grammar turns out to be too hard to follow', () => {
    const hard: GrammarSpec = { type: 'ebnf', grammar: 'root ::= [a-z] root [a-z] | [a-z]' };
    using engine = engineWith({ hard, person });
    ask(engine, 'hard', 'Say something.', 1, { ignoreEos: true }, 900);
    const other = ask(engine, 'person', 'A person.', 1);
    engine.runToEnd();
    const failed = engine.reports.flatMap((report) => report.failed);
    expect(failed).toHaveLength(1);
    expect(failed[0]!.message).toMatch(/grammar (is too ambiguous|takes too long)/);
    expect(isPerson(textOf(other))).toBe(true);
    engine.pool.checkIntegrity();
  });

  it('goes on after its grammar has been forgotten', () => {
    using engine = engineWith({ person });
    const output = ask(engine, 'person', 'A person.', 3);
    engine.core.step();
    engine.core.grammars.forget('person');
    engine.runToEnd();
    expect(isPerson(textOf(output))).toBe(true);
  });
});
