import { type CodePoints, charsOf, codePoints, complement, union } from './code-points.ts';
import { GrammarError } from './grammar-error.ts';
import { ANY_BUT_LINE_END, classEscape, controlEscape, type Regex, unicodeProperty } from './regex-syntax.ts';

const MAX_LENGTH = 10_000;
const MAX_DEPTH = 200;

/**
 * Takes an ECMAScript pattern (without flags, read as with `u`) apart.
 * @throws GrammarError when it is malformed or uses what no automaton can do
 */
export function parseRegex(pattern: string): Regex {
  if (pattern.length > MAX_LENGTH) throw new GrammarError(`is longer than ${MAX_LENGTH} characters`);
  checkSyntax(pattern);
  return new RegexParser(pattern).parse();
}

/** The JavaScript engine knows best whether it is a pattern; some are so only without `u`. */
function checkSyntax(pattern: string): void {
  try {
    new RegExp(pattern, 'u');
  } catch {
    try {
      new RegExp(pattern);
    } catch (error) {
      throw new GrammarError(`is not a regular expression (${error instanceof Error ? error.message : String(error)})`);
    }
  }
}

class RegexParser {
  readonly #chars: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(pattern: string) {
    this.#chars = Array.from(pattern);
  }

  parse(): Regex {
    const regex = this.#alternatives();
    if (this.#at < this.#chars.length) throw this.#unsupported('an unmatched parenthesis');
    return regex;
  }

  #alternatives(): Regex {
    if (++this.#depth > MAX_DEPTH) throw new GrammarError('is nested too deeply');
    const items = [this.#sequence()];
    while (this.#take('|')) items.push(this.#sequence());
    this.#depth--;
    return items.length === 1 ? items[0]! : { kind: 'alt', items };
  }

  #sequence(): Regex {
    const items: Regex[] = [];
    for (let next = this.#peek(); next !== undefined && next !== '|' && next !== ')'; next = this.#peek()) {
      items.push(this.#quantified(this.#atom()));
    }
    return items.length === 1 ? items[0]! : { kind: 'seq', items };
  }

  #quantified(item: Regex): Regex {
    const bounds = this.#quantifier();
    if (bounds === null) return item;
    // A lazy quantifier matches the same texts.
    this.#take('?');
    if (item.kind === 'anchor') throw this.#unsupported('a repeated anchor');
    return { kind: 'repeat', item, ...bounds };
  }

  #quantifier(): { min: number; max: number } | null {
    if (this.#take('*')) return { min: 0, max: Infinity };
    if (this.#take('+')) return { min: 1, max: Infinity };
    if (this.#take('?')) return { min: 0, max: 1 };
    const match = /^\{(\d+)(,(\d*))?\}/.exec(this.#chars.slice(this.#at, this.#at + 40).join(''));
    if (match === null) return null;
    this.#at += match[0].length;
    const min = Number(match[1]);
    if (match[2] === undefined) return { min, max: min };
    return { min, max: match[3] === '' ? Infinity : Number(match[3]) };
  }

  #atom(): Regex {
    const char = this.#chars[this.#at++]!;
    switch (char) {
      case '(':
        return this.#group();
      case '[':
        return { kind: 'chars', set: this.#class() };
      case '.':
        return { kind: 'chars', set: ANY_BUT_LINE_END };
      case '^':
        return { kind: 'anchor', at: 'start' };
      case '$':
        return { kind: 'anchor', at: 'end' };
      case '\\':
        return { kind: 'chars', set: this.#escape(false) };
      default:
        return { kind: 'chars', set: charsOf(char) };
    }
  }

  #group(): Regex {
    if (this.#take('?')) {
      if (this.#take('<')) {
        if (this.#peek() === '=' || this.#peek() === '!') throw this.#unsupported('lookbehind');
        while (this.#chars[this.#at++] !== '>');
      } else if (!this.#take(':')) {
        const isLookahead = this.#peek() === '=' || this.#peek() === '!';
        throw this.#unsupported(isLookahead ? 'lookahead' : 'flags in a group');
      }
    }
    const inner = this.#alternatives();
    this.#take(')');
    return inner;
  }

  /** After `[`. */
  #class(): CodePoints {
    const isNegated = this.#take('^');
    const sets: CodePoints[] = [];
    while (!this.#take(']')) {
      const low = this.#classMember();
      if (this.#peek() !== '-' || this.#chars[this.#at + 1] === ']') {
        sets.push(low);
        continue;
      }
      this.#at++;
      const high = this.#classMember();
      const [first, last] = [single(low), single(high)];
      // Next to \d and its like, a hyphen is a hyphen.
      sets.push(first === null || last === null ? union(low, high, charsOf('-')) : codePoints([[first, last]]));
    }
    const set = union(...sets);
    return isNegated ? complement(set) : set;
  }

  #classMember(): CodePoints {
    const char = this.#chars[this.#at++]!;
    return char === '\\' ? this.#escape(true) : charsOf(char);
  }

  /** After a backslash. */
  #escape(isInClass: boolean): CodePoints {
    const letter = this.#chars[this.#at++]!;
    const set = classEscape(letter);
    if (set !== null) return set;
    if (letter === 'p' || letter === 'P') return this.#property(letter);
    if (letter === 'b' && isInClass) return charsOf('\b');
    if (letter === 'b' || letter === 'B') throw this.#unsupported('a word boundary');
    if (letter === 'k' || (letter >= '1' && letter <= '9')) throw this.#unsupported('a back reference');
    if (letter === 'c') return charsOf(String.fromCodePoint(this.#chars[this.#at++]!.codePointAt(0)! % 32));
    if (letter === 'x') return this.#hex(/^[0-9a-fA-F]{2}/) ?? charsOf('x');
    if (letter === 'u') return this.#unicode() ?? charsOf('u');
    return controlEscape(letter) ?? charsOf(letter);
  }

  #property(letter: string): CodePoints {
    const match = /^\{[^}]*\}/.exec(this.#rest(64));
    if (match === null) return charsOf(letter);
    this.#at += match[0].length;
    return unicodeProperty(`\\${letter}${match[0]}`);
  }

  #unicode(): CodePoints | null {
    const braced = /^\{([0-9a-fA-F]+)\}/.exec(this.#rest(16));
    if (braced !== null) {
      this.#at += braced[0].length;
      const code = Number.parseInt(braced[1]!, 16);
      return codePoints([[code, code]]);
    }
    const pair = /^([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})/.exec(this.#rest(10));
    if (pair === null) return this.#hex(/^[0-9a-fA-F]{4}/);
    this.#at += pair[0].length;
    return charsOf(String.fromCharCode(Number.parseInt(pair[1]!, 16), Number.parseInt(pair[2]!, 16)));
  }

  #hex(digits: RegExp): CodePoints | null {
    const match = digits.exec(this.#rest(4));
    if (match === null) return null;
    this.#at += match[0].length;
    const code = Number.parseInt(match[0], 16);
    return codePoints([[code, code]]);
  }

  #rest(length: number): string {
    return this.#chars.slice(this.#at, this.#at + length).join('');
  }

  #peek(): string | undefined {
    return this.#chars[this.#at];
  }

  #take(char: string): boolean {
    if (this.#chars[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #unsupported(what: string): GrammarError {
    return new GrammarError(`uses ${what}, which is not supported (at character ${this.#at})`);
  }
}

function single(set: CodePoints): number | null {
  const range = set.length === 1 ? set[0]! : null;
  return range !== null && range[0] === range[1] ? range[0] : null;
}
