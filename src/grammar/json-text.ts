import { type CodePoints, charsOf, complement, difference, intersection, union } from './code-points.ts';
import {
  alt,
  chars,
  EMPTY,
  type Expr,
  type Member,
  NOTHING,
  optional,
  RuleRef,
  repeat,
  rule,
  seq,
  text,
} from './expr.ts';
import type { JsonWhitespace } from './grammar-spec.ts';

/** Spaces or tabs before a line: ten levels of four. */
const MAX_INDENTATION = 40;
/** Digits of a number's parts, so that no output runs away in digits; more than a double can tell apart. */
const MAX_INTEGER_DIGITS = 20;
const MAX_FRACTION_DIGITS = 20;

const DIGIT = chars([[0x30, 0x39]]);
const NONZERO_DIGIT = chars([[0x31, 0x39]]);
const HEX_DIGIT = chars(charsOf('0123456789abcdefABCDEF'));

/** Characters that a JSON string may hold as they are. */
const RAW: CodePoints = difference(complement([[0, 0x1f]]), charsOf('"\\'));
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};
const SHORT_ESCAPED = charsOf(Object.keys(SHORT_ESCAPES).join(''));

/** One UTF-16 unit or a pair of them after `\u`; half of a pair is no character. */
const UNICODE_ESCAPE = alt(
  seq(chars(charsOf('0123456789abcefABCEF')), repeat(HEX_DIGIT, 3, 3)),
  seq(chars(charsOf('dD')), chars(charsOf('01234567')), repeat(HEX_DIGIT, 2, 2)),
  seq(
    chars(charsOf('dD')),
    chars(charsOf('89abAB')),
    repeat(HEX_DIGIT, 2, 2),
    text('\\u'),
    chars(charsOf('dD')),
    chars(charsOf('cdefCDEF')),
    repeat(HEX_DIGIT, 2, 2),
  ),
);

/** Any character of a string, in any of its spellings. */
export const JSON_CHAR: Expr = alt(chars(RAW), seq('\\', alt(chars(charsOf('"\\/bfnrt')), seq('u', UNICODE_ESCAPE))));

/** One character of a set, spelled as JSON.stringify does. */
export function jsonChars(set: CodePoints): Expr {
  const items: Expr[] = [];
  const raw = intersection(set, RAW);
  if (raw.length > 0) items.push(chars(raw));
  const short = intersection(set, SHORT_ESCAPED);
  for (const [low, high] of short) {
    for (let code = low; code <= high; code++) items.push(text(SHORT_ESCAPES[String.fromCodePoint(code)]!));
  }
  for (const [low, high] of difference(intersection(set, [[0, 0x1f]]), SHORT_ESCAPED)) {
    for (let code = low; code <= high; code++) items.push(text(`\\u${code.toString(16).padStart(4, '0')}`));
  }
  return items.length === 0 ? NOTHING : alt(...items);
}

/** Any string of `min` to `max` characters. */
export function jsonString(min: number, max: number): Expr {
  return rule(new RuleRef('string', seq('"', repeat(JSON_CHAR, min, max), '"')));
}

/** Without an exponent and without a fraction, as most readers of integers want it. */
export const JSON_INTEGER: Expr = alt(
  '0',
  seq(optional(text('-')), NONZERO_DIGIT, repeat(DIGIT, 0, MAX_INTEGER_DIGITS - 1)),
);

/** Any number that a double holds: exponents end before it would be infinite. */
export const JSON_NUMBER: Expr = seq(
  optional(text('-')),
  alt('0', seq(NONZERO_DIGIT, repeat(DIGIT, 0, MAX_INTEGER_DIGITS - 1))),
  optional(seq('.', repeat(DIGIT, 1, MAX_FRACTION_DIGITS))),
  optional(
    seq(
      chars(charsOf('eE')),
      alt(
        seq(optional(text('+')), repeat(DIGIT, 1, 2)),
        seq(optional(text('+')), '1', repeat(DIGIT, 2, 2)),
        seq('-', repeat(DIGIT, 1, 3)),
      ),
    ),
  ),
);

export { DIGIT, NONZERO_DIGIT };

/** White space of JSON, where it may stand. */
export interface JsonLayout {
  /** After an opening and before a closing bracket. */
  readonly inside: Expr;
  readonly comma: Expr;
  readonly colon: Expr;
}

export function jsonLayout(whitespace: JsonWhitespace): JsonLayout {
  if (whitespace === 'oneLine') return { inside: EMPTY, comma: text(', '), colon: text(': ') };
  const indentation = repeat(chars(union(charsOf(' \t'))), 0, MAX_INDENTATION);
  const gap = optional(alt(' ', seq('\n', indentation)));
  return { inside: gap, comma: seq(',', gap), colon: seq(optional(text(' ')), ':', optional(text(' '))) };
}

/** `[` items `]`; items end with the white space before the bracket. */
export function jsonArray(items: Expr, layout: JsonLayout): Expr {
  return seq('[', layout.inside, items, ']');
}

/** An object of these members, then others of the kind of `rest`. */
export function jsonObject(items: readonly Member[], rest: Expr | null, layout: JsonLayout): Expr {
  return seq('{', layout.inside, jsonList(items, rest, layout), '}');
}

/** Members or items with commas between them. */
export function jsonList(items: readonly Member[], rest: Expr | null, layout: JsonLayout): Expr {
  return { kind: 'members', items, separator: layout.comma, rest, end: layout.inside };
}

/** Any value, and any object, as rules that refer to each other. */
export function anyJson(layout: JsonLayout): { readonly value: Expr; readonly object: Expr } {
  const value = new RuleRef('value');
  const object = new RuleRef('object');
  const array = new RuleRef('array');
  const string = jsonString(0, Infinity);
  value.expr = alt(rule(object), rule(array), string, JSON_NUMBER, 'true', 'false', 'null');
  const member = seq(string, layout.colon, rule(value));
  object.expr = jsonObject([], member, layout);
  array.expr = jsonArray(jsonList([], rule(value), layout), layout);
  return { value: rule(value), object: rule(object) };
}
