import { ALL_CODE_POINTS } from './code-points.ts';
import { type EbnfToken, tokenizeEbnf } from './ebnf-lexer.ts';
import { alt, chars, EMPTY, type Expr, RuleRef, repeat, rule, seq } from './expr.ts';
import { GrammarError } from './grammar-error.ts';

const MAX_LENGTH = 1_000_000;
const MAX_DEPTH = 200;

/**
 * Reads a grammar in the EBNF of xgrammar and llama.cpp (GBNF): rules `name ::= …` with literals, character classes,
 * groups, `|`, `*`, `+`, `?`, `{m,n}` and `#` comments. A right-hand side goes on until the next rule's name.
 * @param literal what a literal stands for
 * @returns the rule `root`
 * @throws GrammarError naming the line
 */
export function parseEbnf(source: string, literal: (text: string) => Expr): RuleRef {
  if (source.length > MAX_LENGTH) throw new GrammarError(`is longer than ${MAX_LENGTH} characters`);
  return new EbnfParser(tokenizeEbnf(source), literal).parse();
}

class EbnfParser {
  readonly #tokens: readonly EbnfToken[];
  readonly #literal: (text: string) => Expr;
  readonly #rules = new Map<string, RuleRef>();
  readonly #defined = new Set<string>();
  readonly #firstUse = new Map<string, number>();
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly EbnfToken[], literal: (text: string) => Expr) {
    this.#tokens = tokens;
    this.#literal = literal;
  }

  parse(): RuleRef {
    while (this.#peek().kind !== 'end') this.#definition();
    for (const [name, line] of this.#firstUse) {
      if (!this.#defined.has(name))
        throw new GrammarError(`refers to a rule "${name}" that is not there (line ${line})`);
    }
    if (!this.#defined.has('root')) throw new GrammarError('has no rule "root"');
    return this.#rules.get('root')!;
  }

  #definition(): void {
    const name = this.#next();
    if (name.kind !== 'name') throw unexpected(name);
    const sign = this.#next();
    if (sign.kind !== '::=') throw unexpected(sign);
    if (this.#defined.has(name.text)) throw new GrammarError(`has two rules "${name.text}" (line ${name.line})`);
    this.#defined.add(name.text);
    this.#ref(name.text).expr = this.#alternatives();
  }

  #alternatives(): Expr {
    if (++this.#depth > MAX_DEPTH) throw new GrammarError(`is nested too deeply (line ${this.#peek().line})`);
    const items = [this.#sequence()];
    while (this.#peek().kind === '|') {
      this.#at++;
      items.push(this.#sequence());
    }
    this.#depth--;
    return alt(...items);
  }

  #sequence(): Expr {
    const items: Expr[] = [];
    for (let item = this.#item(); item !== null; item = this.#item()) {
      for (let next = this.#peek(); next.kind === 'repeat'; next = this.#peek()) {
        this.#at++;
        item = repeat(item, next.min, next.max);
      }
      items.push(item);
    }
    return items.length === 0 ? EMPTY : items.length === 1 ? items[0]! : seq(...items);
  }

  /** The next element, or null at the end of a sequence. */
  #item(): Expr | null {
    const token = this.#peek();
    switch (token.kind) {
      case 'literal':
        this.#at++;
        return this.#literal(token.text);
      case 'chars':
        this.#at++;
        return chars(token.set);
      case '.':
        this.#at++;
        return chars(ALL_CODE_POINTS);
      case 'name':
        // The next rule begins.
        if (this.#tokens[this.#at + 1]?.kind === '::=') return null;
        this.#at++;
        if (!this.#firstUse.has(token.text)) this.#firstUse.set(token.text, token.line);
        return rule(this.#ref(token.text));
      case '(':
        return this.#group();
      case 'repeat':
      case '::=':
        throw unexpected(token);
      default:
        return null;
    }
  }

  #group(): Expr {
    this.#at++;
    const inner = this.#alternatives();
    const close = this.#next();
    if (close.kind !== ')') throw unexpected(close);
    return inner;
  }

  #ref(name: string): RuleRef {
    let ref = this.#rules.get(name);
    if (ref === undefined) {
      ref = new RuleRef(name);
      this.#rules.set(name, ref);
    }
    return ref;
  }

  #peek(): EbnfToken {
    return this.#tokens[this.#at]!;
  }

  #next(): EbnfToken {
    const token = this.#peek();
    if (token.kind !== 'end') this.#at++;
    return token;
  }
}

function unexpected(token: EbnfToken): GrammarError {
  const what = token.kind === 'name' ? `"${token.text}"` : token.kind === 'end' ? 'end' : token.kind;
  return new GrammarError(`has an unexpected ${what} (line ${token.line})`);
}
