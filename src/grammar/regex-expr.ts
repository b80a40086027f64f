import { chars, EMPTY, type Expr, RuleRef, repeat, rule, seq } from './expr.ts';
import { GrammarError } from './grammar-error.ts';
import { JSON_CHAR, jsonChars } from './json-text.ts';
import { parseRegex } from './parse-regex.ts';
import { lengthOf, type Regex } from './regex-syntax.ts';

/** One alternative of a pattern, with the anchors at its ends taken off. */
interface Branch {
  readonly regex: Regex;
  readonly isAtStart: boolean;
  readonly isAtEnd: boolean;
}

/** Texts that a pattern matches as a whole. @throws GrammarError when the pattern cannot be used */
export function fullMatch(pattern: string): Expr {
  const items = branchesOf(parseRegex(pattern)).map(({ regex }) => toExpr(regex, chars));
  return { kind: 'alt', items };
}

/**
 * JSON strings in which a pattern is found, as JSON Schema's `pattern` has it, of `min` to `max` characters.
 * @throws GrammarError when the pattern cannot be used, or not together with these lengths
 */
export function jsonStringMatching(pattern: string, min: number, max: number): Expr {
  const any = repeat(JSON_CHAR, 0, Infinity);
  // The same set is the same expression, so that counted repetitions of it share what is found out about it.
  const known = new Map<string, Expr>();
  const toChars = (set: Parameters<typeof jsonChars>[0]): Expr => {
    const key = set.join();
    const expr = known.get(key) ?? jsonChars(set);
    known.set(key, expr);
    return expr;
  };
  const items = branchesOf(parseRegex(pattern)).map((branch) => {
    const { regex, isAtStart, isAtEnd } = withLength(branch, min, max);
    return seq(isAtStart ? EMPTY : any, toExpr(regex, toChars), isAtEnd ? EMPTY : any);
  });
  return rule(new RuleRef('string with a pattern', seq('"', { kind: 'alt', items }, '"')));
}

/** Cuts a branch down to texts of `min` to `max` characters. @throws GrammarError where that would take counting beside matching */
function withLength(branch: Branch, min: number, max: number): Branch {
  const { regex, isAtStart, isAtEnd } = branch;
  const length = lengthOf(regex);
  const isWhole = isAtStart && isAtEnd;
  if (length.min >= min && (isWhole ? length.max : Infinity) <= max) return branch;
  if (isWhole && regex.kind === 'repeat' && regex.item.kind === 'chars') {
    return { ...branch, regex: { ...regex, min: Math.max(regex.min, min), max: Math.min(regex.max, max) } };
  }
  throw new GrammarError(
    'cannot be combined with minLength or maxLength unless it implies them; write the length into it',
  );
}

function branchesOf(regex: Regex): Branch[] {
  if (regex.kind === 'alt') return regex.items.flatMap(branchesOf);
  if (regex.kind === 'anchor') return branchesOf({ kind: 'seq', items: [regex] });
  if (regex.kind !== 'seq') return [{ regex, isAtStart: false, isAtEnd: false }];
  const items = [...regex.items];
  const isAtStart = isAnchor(items[0], 'start');
  while (isAnchor(items[0], 'start')) items.shift();
  const isAtEnd = isAnchor(items.at(-1), 'end');
  while (isAnchor(items.at(-1), 'end')) items.pop();
  const [only] = items;
  // A single group, as in `^(a|b$)$`, may have anchors of its own.
  const inner = items.length === 1 ? branchesOf(only!) : [{ regex: { ...regex, items }, isAtStart, isAtEnd }];
  return inner.map((branch) => ({
    regex: branch.regex,
    isAtStart: branch.isAtStart || isAtStart,
    isAtEnd: branch.isAtEnd || isAtEnd,
  }));
}

function isAnchor(regex: Regex | undefined, at: 'start' | 'end'): boolean {
  return regex?.kind === 'anchor' && regex.at === at;
}

function toExpr(regex: Regex, toChars: (set: Extract<Regex, { kind: 'chars' }>['set']) => Expr): Expr {
  switch (regex.kind) {
    case 'chars':
      return toChars(regex.set);
    case 'seq':
      return { kind: 'seq', items: regex.items.map((item) => toExpr(item, toChars)) };
    case 'alt':
      return { kind: 'alt', items: regex.items.map((item) => toExpr(item, toChars)) };
    case 'repeat':
      if (regex.min > regex.max) return { kind: 'alt', items: [] };
      return repeat(toExpr(regex.item, toChars), regex.min, regex.max);
    case 'anchor':
      throw new GrammarError(`uses ${regex.at === 'start' ? '^' : '$'} in the middle, which is not supported`);
  }
}
