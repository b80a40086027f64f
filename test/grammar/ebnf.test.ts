import { describe, expect, it } from 'vitest';
import { EOS, load, maskOf, randomFrom, refusal, tokenizer, tokensOf } from './support/grammar-bench.ts';
import { openXgrammar } from './support/xgrammar.ts';

// Grammars in the common dialect; xgrammar, which others serve with, says which tokens can come.
const grammars: Record<string, string> = {
  literals: 'root ::= "yes" | "no" | "maybe not"',
  classes: 'root ::= [a-z]+ [^a-z]* [\\u65e5\\u672c]?',
  counts: 'root ::= [a-c]{2} [0-9]{1,3} "x"{2,} ("yz"){0,2}',
  'a list': 'root ::= item ("," " "? item)*\nitem ::= [0-9]+ | "(" root ")"',
  expressions: `# arithmetic
root  ::= term (("+" | "-") term)*
term  ::= factor (("*" | "/") factor)*
factor ::= number | "(" root ")"
number ::= "-"? [0-9]+ ("." [0-9]+)?`,
  'balanced brackets': 'root ::= "" | "[" root "]" root',
  'right recursion': 'root ::= "a" root | "b"',
  ambiguous: 'root ::= (a | b)+ "!"\na ::= "x" | "xy"\nb ::= "y" | "xyx"',
  'rules that may be empty': 'root ::= a b a "end"\na ::= "p"?\nb ::= a a',
  'alternatives over lines': 'root ::= "one"\n  | "two"\n  | ("three"\n    | "four")',
  escapes: 'root ::= "\\"\\\\\\n\\t\\x41\\u00e9" [\\]\\-\\\\]',
  json: `root ::= object
object ::= "{" ws (pair ("," ws pair)*)? "}" ws
pair ::= string ":" ws value
value ::= object | array | string | number | "true" | "false" | "null"
array ::= "[" ws (value ("," ws value)*)? "]"
string ::= "\\"" ([^"\\\\\\x00-\\x1f] | "\\\\" ["\\\\/bfnrt])* "\\""
number ::= "-"? ("0" | [1-9] [0-9]*) ("." [0-9]+)?
ws ::= [ \\n]?`,
};

/** xgrammar lets bytes through that no character has; a vocabulary of all bytes has tokens of them. */
function isPossible(id: number): boolean {
  return tokenizer.tokenBytes(id).every((byte) => byte !== 0xc0 && byte !== 0xc1 && byte < 0xf5);
}

describe('EBNF', () => {
  it.each(Object.entries(grammars))('%s: the same tokens can come as with xgrammar', async (_, grammar) => {
    const random = randomFrom(grammar.length);
    for (let round = 0; round < 6; round++) {
      const theirs = await openXgrammar(grammar);
      const ours = load({ type: 'ebnf', grammar }).open(false);
      for (let step = 0; step < 30; step++) {
        const allowed = tokensOf(maskOf(ours));
        expect(allowed).toEqual(tokensOf(await theirs.getNextTokenBitmask()).filter(isPossible));
        expect(ours.isComplete).toBe(allowed.includes(EOS));
        const next = allowed.filter((id) => id !== EOS && tokenizer.isWhole(id));
        if (next.length === 0) break;
        const token = next[Math.floor(random() * next.length)]!;
        expect(theirs.acceptToken(token)).toBe(true);
        expect(ours.accept(token)).toBe(true);
      }
      theirs.dispose();
    }
  });

  it('special tokens in literals are those tokens, and no text', () => {
    const grammar = 'root ::= "<｜tool▁call▁begin｜>f" [^0-9]* "<｜tool▁call▁end｜>"';
    const matcher = load({ type: 'ebnf', grammar }).open(false);
    const [begin, end] = ['<｜tool▁call▁begin｜>', '<｜tool▁call▁end｜>'].map((mark) => tokenizer.idOf(mark)!);
    expect(tokensOf(maskOf(matcher))).toEqual([begin]);
    expect(matcher.accept(begin!)).toBe(true);
    for (const char of 'fabc') expect(matcher.accept(tokenizer.idOf(char)!)).toBe(true);
    const allowed = tokensOf(maskOf(matcher));
    expect(allowed).toContain(end);
    expect(allowed.filter((id) => tokenizer.isSpecial(id))).toEqual([end]);
    expect(matcher.accept(tokenizer.idOf('<｜User｜>')!)).toBe(false);
    expect(matcher.accept(end!)).toBe(true);
    expect(tokensOf(maskOf(matcher))).toEqual([EOS]);
  });

  it.each([
    ['start ::= "a"', 'no rule "root"'],
    ['root ::= a', 'refers to a rule "a" that is not there (line 1)'],
    ['root ::= "a"\nroot ::= "b"', 'two rules "root" (line 2)'],
    ['root ::= "a', 'a literal without an end (line 1)'],
    ['root ::= "a"\n\nb ::= [a', 'a character class without an end (line 3)'],
    ['root ::= ("a"', 'unexpected end'],
    ['root ::= "a")', 'unexpected )'],
    ['root = "a"', 'unexpected "="'],
    ['root ::= root "a" | "b"', 'begins with itself'],
    ['root ::= "x" root', 'cannot be met by any output'],
    ['root ::= a "x"\na ::= b\nb ::= a | "y"', 'begins with itself'],
    ['root ::= "a"{3,2}', 'count in the wrong order'],
    ['root ::= [z-a]', 'range in the wrong order'],
    ['root ::= "\\ud800"', 'escape of no character'],
    ['root ::= ("ab" | "abc"){100000}', 'repeats too much'],
    [`root ::= ${'('.repeat(500)}"a"${')'.repeat(500)}`, 'nested too deeply'],
    ['start: "a" | "b"', 'unexpected ":"'],
  ])('%s is refused', (grammar, reason) => {
    expect(refusal({ type: 'ebnf', grammar }).message).toContain(reason);
  });
});
