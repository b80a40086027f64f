import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GrammarSpec } from '../../src/grammar/grammar-spec.ts';
import { hasToken } from '../../src/grammar/token-set.ts';
import {
  accepts,
  EOS,
  load,
  loadSchema,
  maskOf,
  randomFrom,
  tokenizer,
  tokensOf,
  walk,
} from './support/grammar-bench.ts';

const json = (schema: unknown): GrammarSpec => ({ type: 'jsonSchema', schema: JSON.stringify(schema) });

const specs: Record<string, GrammarSpec> = {
  'any object': { type: 'jsonObject' },
  'one line': { type: 'jsonObject', whitespace: 'oneLine' },
  'strings of bounded length': json({ type: 'array', items: { type: 'string', minLength: 3, maxLength: 12 } }),
  'strings with a pattern': json({ type: 'string', pattern: 'a.*é' }),
  'nested and recursive': json({
    type: 'object',
    properties: { a: { anyOf: [{ $ref: '#' }, { type: 'string' }, { type: 'null' }] } },
  }),
  'a span before what it may hold itself': { type: 'regex', pattern: '[a-z ]{2,30}[a-c]{3}x?' },
  'spans in a loop': { type: 'regex', pattern: '([a-z]{1,12}-?){2,20}' },
  'several readings': { type: 'ebnf', grammar: 'root ::= (a | b)+\na ::= [a-z]{2,14} " "\nb ::= [a-n]* " " a?' },
  'parts with special tokens': {
    type: 'sequence',
    items: [
      { type: 'literal', text: '<｜tool▁calls▁begin｜>{"n": ' },
      { type: 'repeat', item: { type: 'choice', choices: ['one', 'two', 'on'] }, min: 1, max: null },
      { type: 'anyOf', items: [{ type: 'literal', text: '<｜tool▁calls▁end｜>' }, { type: 'anyText' }] },
    ],
  },
};

describe('masks', () => {
  it.each(Object.entries(specs))('%s: a token is in the mask if and only if it is accepted', (_, spec) => {
    const random = randomFrom(1);
    for (const stripLeadingSpace of [false, true]) {
      const grammar = load(spec);
      const prefix: number[] = [];
      const matcher = grammar.open(stripLeadingSpace);
      for (let step = 0; step < 12; step++) {
        const mask = maskOf(matcher);
        expect(hasToken(mask, EOS)).toBe(matcher.isComplete);
        // A token that is not accepted changes nothing.
        for (let id = 0; id < tokenizer.size; id++) {
          if (id !== EOS && !hasToken(mask, id)) expect(matcher.accept(id), `${id}`).toBe(false);
        }
        const allowed = tokensOf(mask).filter((id) => id !== EOS);
        if (allowed.length === 0) break;
        for (let i = 0; i < 40; i++) {
          const probe = grammar.open(stripLeadingSpace);
          for (const token of prefix) probe.accept(token);
          expect(probe.accept(allowed[Math.floor(random() * allowed.length)]!)).toBe(true);
        }
        const token = allowed[Math.floor(random() * allowed.length)]!;
        expect(matcher.accept(token)).toBe(true);
        prefix.push(token);
      }
    }
  });

  it('an output whose end is reached has nothing but end tokens left', () => {
    const matcher = loadSchema({ const: 5 }).open(false);
    expect(matcher.isComplete).toBe(false);
    expect(matcher.accept(tokenizer.idOf('5')!)).toBe(true);
    expect(matcher.isComplete).toBe(true);
    expect(tokensOf(maskOf(matcher))).toEqual([EOS]);
    expect(matcher.accept(tokenizer.idOf('5')!)).toBe(false);
  });

  it('characters are put together from bytes, and only from those of characters', () => {
    const matcher = loadSchema({ type: 'string', maxLength: 1 }).open(false);
    matcher.accept(tokenizer.idOf('"')!);
    const single = tokensOf(maskOf(matcher)).filter((id) => tokenizer.tokenBytes(id).length === 1);
    const bytes = new Set(single.map((id) => tokenizer.tokenBytes(id)[0]!));
    // Of the bytes that begin a character: none of 80 to C1 and F5 to FF, no control character.
    for (let byte = 0; byte < 256; byte++) {
      expect(bytes.has(byte), `${byte}`).toBe((byte >= 0x20 && byte < 0x80) || (byte >= 0xc2 && byte <= 0xf4));
    }
    const idOfByte = (byte: number): number => single.find((id) => tokenizer.tokenBytes(id)[0] === byte)!;
    matcher.accept(idOfByte(0xed));
    const next = tokensOf(maskOf(matcher)).map((id) => tokenizer.tokenBytes(id)[0]!);
    // ED A0 to ED BF would be half of a surrogate pair.
    expect(Math.max(...next)).toBe(0x9f);
  });

  it('special tokens are never part of a JSON string', () => {
    const matcher = load({ type: 'jsonObject' }).open(false);
    for (const char of '{"') matcher.accept(tokenizer.idOf(char)!);
    expect(tokensOf(maskOf(matcher)).filter((id) => tokenizer.isSpecial(id))).toEqual([]);
    expect(accepts(load({ type: 'jsonObject' }), '{"<｜User｜>": 1}')).toBe(true);
  });

  it('white space cannot run away', () => {
    const grammar = load({ type: 'jsonObject' });
    expect(accepts(grammar, `{\n${' '.repeat(40)}}`)).toBe(true);
    expect(accepts(grammar, `{\n${' '.repeat(41)}}`)).toBe(false);
    for (const text of ['{\n\n}', '{  }', '{} ', ' {}', '{\t}']) expect(accepts(grammar, text), text).toBe(false);
    const line = load({ type: 'jsonObject', whitespace: 'oneLine' });
    expect(accepts(line, '{"a": [1, {}], "b": {"c": 2}}')).toBe(true);
    for (const text of ['{"a":1}', '{ "a": 1}', '{"a": 1,"b": 2}', '{"a": [1,2]}']) {
      expect(accepts(line, text), text).toBe(false);
    }
  });
});

describe('a leading space that is stripped', () => {
  it('may come before the output', () => {
    const grammar = load({ type: 'jsonObject' });
    for (const text of ['{"a": 1}', ' {"a": 1}']) expect(accepts(grammar, text, true)).toBe(true);
    expect(accepts(grammar, '  {"a": 1}', true)).toBe(false);
    expect(accepts(grammar, ' {"a": 1}', false)).toBe(false);
    expect(tokensOf(maskOf(grammar.open(true))).map((id) => tokenizer.tokenText(id))).toContain(' {');
  });

  it('must come before an output that begins with one', () => {
    const grammar = load({ type: 'choice', choices: [' a', 'b'] });
    expect(accepts(grammar, '  a', true)).toBe(true);
    expect(accepts(grammar, ' b', true)).toBe(true);
    // What is left of this, without its space, is no choice.
    expect(accepts(grammar, ' a', true)).toBe(false);
  });

  it('leaves a match, whatever the grammar is', () => {
    const part = fc.constantFrom('a', ' ', 'b?', ' *', '(a| b)', 'x| ', '[ a]{2}');
    const pattern = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(pattern, fc.integer(), (source, seed) => {
        const { text, hasEnded } = walk(load({ type: 'regex', pattern: source }), randomFrom(seed), true, 40);
        if (hasEnded) expect(text).toMatch(new RegExp(`^(?:${source})$`, 'u'));
      }),
      { numRuns: 60 },
    );
  });
});
