import { ALL_CODE_POINTS, type CodePoints, charsOf, codePoints, complement, difference } from './code-points.ts';

/** A regular expression, taken apart. */
export type Regex =
  | { readonly kind: 'chars'; readonly set: CodePoints }
  | { readonly kind: 'seq'; readonly items: readonly Regex[] }
  | { readonly kind: 'alt'; readonly items: readonly Regex[] }
  | { readonly kind: 'repeat'; readonly item: Regex; readonly min: number; readonly max: number }
  /** `^` or `$` */
  | { readonly kind: 'anchor'; readonly at: 'start' | 'end' };

const DIGITS: CodePoints = [[0x30, 0x39]];
const WORD = codePoints([
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]);
/** WhiteSpace and LineTerminator of ECMAScript. */
const SPACE = codePoints([
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]);
/** What `.` matches. */
export const ANY_BUT_LINE_END = difference(
  ALL_CODE_POINTS,
  codePoints([
    [0x0a, 0x0a],
    [0x0d, 0x0d],
    [0x2028, 0x2029],
  ]),
);

const CLASS_ESCAPES: Readonly<Record<string, CodePoints>> = {
  d: DIGITS,
  D: complement(DIGITS),
  w: WORD,
  W: complement(WORD),
  s: SPACE,
  S: complement(SPACE),
};
const CONTROL_ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', '0': '\0' };

/** The set that `\d` and its like stand for, or null. */
export function classEscape(letter: string): CodePoints | null {
  return Object.hasOwn(CLASS_ESCAPES, letter) ? CLASS_ESCAPES[letter]! : null;
}

/** The character that `\n` and its like stand for, or null. */
export function controlEscape(letter: string): CodePoints | null {
  return Object.hasOwn(CONTROL_ESCAPES, letter) ? charsOf(CONTROL_ESCAPES[letter]!) : null;
}

const properties = new Map<string, CodePoints>();

/** The set of a Unicode property such as `\p{L}`, asked of the JavaScript engine code point by code point. */
export function unicodeProperty(source: string): CodePoints {
  const known = properties.get(source);
  if (known !== undefined) return known;
  const pattern = new RegExp(`^${source}$`, 'u');
  const ranges: [number, number][] = [];
  for (const [low, high] of ALL_CODE_POINTS) {
    let start = -1;
    for (let code = low; code <= high + 1; code++) {
      const isIn = code <= high && pattern.test(String.fromCodePoint(code));
      if (isIn && start < 0) start = code;
      if (isIn || start < 0) continue;
      ranges.push([start, code - 1]);
      start = -1;
    }
  }
  const set = codePoints(ranges);
  properties.set(source, set);
  return set;
}

/** Least and most characters of a match, anchors aside. */
export function lengthOf(regex: Regex): { readonly min: number; readonly max: number } {
  switch (regex.kind) {
    case 'chars':
      return { min: 1, max: 1 };
    case 'anchor':
      return { min: 0, max: 0 };
    case 'seq': {
      const lengths = regex.items.map(lengthOf);
      return { min: sum(lengths.map(({ min }) => min)), max: sum(lengths.map(({ max }) => max)) };
    }
    case 'alt': {
      const lengths = regex.items.map(lengthOf);
      return { min: Math.min(...lengths.map(({ min }) => min)), max: Math.max(...lengths.map(({ max }) => max)) };
    }
    case 'repeat': {
      const { min, max } = lengthOf(regex.item);
      return { min: min * regex.min, max: max === 0 ? 0 : max * regex.max };
    }
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
