import { type CodePoints, codePoints, complement } from './code-points.ts';
import { GrammarError } from './grammar-error.ts';

export type EbnfToken =
  | { readonly kind: 'name'; readonly text: string; readonly line: number }
  | { readonly kind: 'literal'; readonly text: string; readonly line: number }
  | { readonly kind: 'chars'; readonly set: CodePoints; readonly line: number }
  /** `{m,n}`, `*`, `+` or `?` */
  | { readonly kind: 'repeat'; readonly min: number; readonly max: number; readonly line: number }
  | { readonly kind: '::=' | '|' | '(' | ')' | '.' | 'end'; readonly line: number };

const NAME = /[A-Za-z_][A-Za-z0-9_.-]*/y;
const COUNT = /\{\s*(\d+)\s*(,\s*(\d*)\s*)?\}/y;
const SKIPPED = /(?:\s|#[^\n]*)+/y;
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^xuU]))/uy;
const CONTROL: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  f: '\f',
  v: '\v',
  b: '\b',
  a: '\x07',
  e: '\x1b',
  '0': '\0',
};

/** Words of a grammar in EBNF. @throws GrammarError naming the line */
export function tokenizeEbnf(source: string): EbnfToken[] {
  const lexer = new Lexer(source);
  const tokens: EbnfToken[] = [];
  do tokens.push(lexer.next());
  while (tokens.at(-1)!.kind !== 'end');
  return tokens;
}

class Lexer {
  readonly #source: string;
  #at = 0;
  #line = 1;

  constructor(source: string) {
    this.#source = source;
  }

  next(): EbnfToken {
    this.#match(SKIPPED);
    const line = this.#line;
    const char = this.#source[this.#at];
    if (char === undefined) return { kind: 'end', line };
    if (this.#source.startsWith('::=', this.#at)) {
      this.#at += 3;
      return { kind: '::=', line };
    }
    if (char === '"') return { kind: 'literal', text: this.#literal(), line };
    if (char === '[') return { kind: 'chars', set: this.#class(), line };
    if (char === '{') return { ...this.#count(), line };
    const name = this.#match(NAME);
    if (name !== null) return { kind: 'name', text: name[0], line };
    this.#at++;
    switch (char) {
      case '*':
        return { kind: 'repeat', min: 0, max: Infinity, line };
      case '+':
        return { kind: 'repeat', min: 1, max: Infinity, line };
      case '?':
        return { kind: 'repeat', min: 0, max: 1, line };
      case '|':
      case '(':
      case ')':
      case '.':
        return { kind: char, line };
      default:
        throw this.#error(`has an unexpected ${JSON.stringify(char)}`);
    }
  }

  #literal(): string {
    this.#at++;
    let text = '';
    for (let char = this.#source[this.#at]; char !== '"'; char = this.#source[this.#at]) {
      if (char === undefined || char === '\n') throw this.#error('has a literal without an end');
      text += char === '\\' ? String.fromCodePoint(this.#escape()) : char;
      if (char !== '\\') this.#at++;
    }
    this.#at++;
    return text;
  }

  #class(): CodePoints {
    this.#at++;
    const isNegated = this.#source[this.#at] === '^';
    if (isNegated) this.#at++;
    const ranges: [number, number][] = [];
    while (this.#source[this.#at] !== ']') {
      const low = this.#classChar();
      const isRange = this.#source[this.#at] === '-' && this.#source[this.#at + 1] !== ']';
      if (isRange) this.#at++;
      const high = isRange ? this.#classChar() : low;
      if (low > high) throw this.#error('has a range in the wrong order');
      ranges.push([low, high]);
    }
    this.#at++;
    const set = codePoints(ranges);
    return isNegated ? complement(set) : set;
  }

  #classChar(): number {
    const code = this.#source.codePointAt(this.#at);
    if (code === undefined || code === 0x0a) throw this.#error('has a character class without an end');
    if (code === 0x5c) return this.#escape();
    this.#at += code > 0xffff ? 2 : 1;
    return code;
  }

  #escape(): number {
    const match = this.#match(ESCAPE);
    if (match === null) throw this.#error('has an escape that is not known');
    const [, two, four, eight, other] = match;
    const hex = two ?? four ?? eight;
    const code = hex === undefined ? (CONTROL[other!] ?? other!).codePointAt(0)! : Number.parseInt(hex, 16);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw this.#error('has an escape of no character');
    return code;
  }

  #count(): { kind: 'repeat'; min: number; max: number } {
    const match = this.#match(COUNT);
    if (match === null) throw this.#error('has a count that is not {m}, {m,} or {m,n}');
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === '' ? Infinity : Number(match[3]);
    if (min > max) throw this.#error('has a count in the wrong order');
    return { kind: 'repeat', min, max };
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#source);
    if (match === null) return null;
    this.#at += match[0].length;
    for (const char of match[0]) if (char === '\n') this.#line++;
    return match;
  }

  #error(reason: string): GrammarError {
    return new GrammarError(`${reason} (line ${this.#line})`);
  }
}
