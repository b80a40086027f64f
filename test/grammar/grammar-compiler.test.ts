import { afterEach, describe, expect, it } from 'vitest';
import { GrammarCompiler } from '../../src/grammar/grammar-compiler.ts';
import { GrammarError } from '../../src/grammar/grammar-error.ts';
import { GrammarRunner } from '../../src/grammar/grammar-runner.ts';
import type { GrammarSpec } from '../../src/grammar/grammar-spec.ts';
import { accepts, EOS, vocabulary } from './support/grammar-bench.ts';

let compiler: GrammarCompiler | null = null;
afterEach(async () => await compiler?.dispose());

function start(timeLimitMs: number): GrammarCompiler {
  compiler = new GrammarCompiler({ vocabulary: () => vocabulary, timeLimitMs });
  return compiler;
}

const easy: GrammarSpec = { type: 'choice', choices: ['yes', 'no'] };
/** Nested counts of which every state is a set of many. */
const slow: GrammarSpec = { type: 'regex', pattern: '(((.{1,8}){1,8}){1,8}){1,8}x' };

describe('GrammarCompiler', () => {
  it('compiles in a thread what then works here', async () => {
    const grammars = start(20_000);
    const compiled = await grammars.compile({ type: 'jsonSchema', schema: '{"type":"string","maxLength":3}' });
    const grammar = new GrammarRunner(grammars.trie!, [EOS]).load(compiled);
    expect(accepts(grammar, '"abc"')).toBe(true);
    expect(accepts(grammar, '"abcd"')).toBe(false);
  });

  it('says what is wrong, and where', async () => {
    const error = await start(20_000)
      .compile({ type: 'jsonSchema', schema: '{"items":{"not":{}}}', param: 'tools.0' })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(GrammarError);
    expect(error).toMatchObject({ path: ['items', 'not'], param: 'tools.0' });
  });

  it('gives up what takes too long, and goes on with the next', async () => {
    const grammars = start(1000);
    await grammars.compile(easy);
    const results = await Promise.allSettled([grammars.compile(slow), grammars.compile(easy), grammars.compile(slow)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(GrammarError);
    }
    await grammars.compile(easy);
  });

  it('refuses grammars that the vocabulary cannot spell', async () => {
    const onlyA = { ...vocabulary, vocabulary: { offsets: Int32Array.of(0, 1, 1), spellings: Uint8Array.of(0x61) } };
    compiler = new GrammarCompiler({ vocabulary: () => onlyA, timeLimitMs: 20_000 });
    await compiler.compile({ type: 'regex', pattern: 'a+' });
    await expect(compiler.compile(easy)).rejects.toThrow('cannot be met with the tokens');
  });

  it('rejects what is under way and waiting when it is stopped', async () => {
    const grammars = start(20_000);
    const results = Promise.allSettled([grammars.compile(slow), grammars.compile(easy)]);
    await grammars.dispose();
    for (const { status } of await results) expect(status).toBe('rejected');
    await expect(grammars.compile(easy)).rejects.toThrow('stopped');
  });
});
