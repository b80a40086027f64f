import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GrammarRegistry } from '../../src/engine/grammar-registry.ts';
import type { EngineCommand } from '../../src/engine/messages.ts';
import { ApiError } from '../../src/errors.ts';
import { GrammarCompiler } from '../../src/grammar/grammar-compiler.ts';
import type { GrammarSpec } from '../../src/grammar/grammar-spec.ts';
import { packVocabulary } from '../../src/grammar/token-trie.ts';

const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
const vocabulary = { vocabulary: packVocabulary(256, (id) => bytes[id]!), specialTokens: [], eosTokenIds: [0] };
const choice = (text: string): GrammarSpec => ({ type: 'choice', choices: [text] });

let sent: EngineCommand[];
let compiled: number[];
let registry: GrammarRegistry;
beforeEach(() => {
  sent = [];
  compiled = [];
  const compiler = new GrammarCompiler({ vocabulary: () => vocabulary, timeLimitMs: 20_000 });
  registry = new GrammarRegistry(
    compiler,
    (command) => sent.push(command),
    (seconds) => compiled.push(seconds),
  );
});
afterEach(async () => await registry.dispose());

const forgotten = (): string[] => sent.flatMap((command) => (command.type === 'forget-grammar' ? [command.key] : []));

describe('GrammarRegistry', () => {
  it('compiles equal specs once, also when they come at once', async () => {
    const [a, b, other] = await Promise.all(
      [choice('a'), choice('a'), choice('b')].map((spec) => registry.compile(spec, 'x')),
    );
    expect(a).toBe(b);
    expect(other).not.toBe(a);
    expect(await registry.compile(choice('a'), 'x')).toBe(a);
    expect(compiled).toHaveLength(2);
  });

  it('sends a grammar with its first request only, and the vocabulary with the first grammar', async () => {
    const a = await registry.compile(choice('a'), 'x');
    const b = await registry.compile(choice('b'), 'x');
    for (const handle of [a, a, b]) registry.acquire(handle);
    registry.release(a);
    registry.release(a);
    registry.acquire(a);
    const grammars = sent.flatMap((command) => (command.type === 'grammar' ? [command] : []));
    expect(grammars.map(({ key }) => key)).toEqual([a.key, b.key]);
    expect(grammars.map(({ trie }) => trie !== null)).toEqual([true, false]);
    expect(forgotten()).toEqual([]);
  });

  it('forgets grammars that were not used for long, but never one in use', async () => {
    const first = await registry.compile(choice('in use'), 'x');
    const second = await registry.compile(choice('used before'), 'x');
    registry.acquire(first);
    registry.acquire(second);
    registry.release(second);
    for (let i = 0; i < 140; i++) await registry.compile(choice(`${i}`), 'x');
    expect(forgotten()).toEqual([second.key]);
    registry.release(first);
    expect(forgotten()).toEqual([second.key, first.key]);
    // A handle outlives being forgotten: its grammar is sent again.
    registry.acquire(first);
    expect(sent.at(-1)).toMatchObject({ type: 'grammar', key: first.key });
  });

  it('names the field and the place in it', async () => {
    const spec: GrammarSpec = { type: 'jsonSchema', schema: '{"items":{"type":"string","pattern":"("}}' };
    const error = await registry.compile(spec, 'response_format.schema').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      status: 400,
      param: 'response_format.schema.items.pattern',
      code: 'invalid_grammar',
    });
    const own = await registry.compile({ ...spec, param: 'tools.1' }, 'tools').catch((reason: unknown) => reason);
    expect(own).toMatchObject({ param: 'tools.1.items.pattern' });
  });
});
