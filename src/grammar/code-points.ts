/** Code points as inclusive ranges, ascending, disjoint and not adjacent. */
export type CodePoints = readonly (readonly [number, number])[];

export const MAX_CODE_POINT = 0x10ffff;
const FIRST_SURROGATE = 0xd800;
const LAST_SURROGATE = 0xdfff;

/** Everything that UTF-8 can spell: surrogates left out. */
export const ALL_CODE_POINTS: CodePoints = [
  [0, FIRST_SURROGATE - 1],
  [LAST_SURROGATE + 1, MAX_CODE_POINT],
];

/** Brings ranges in any order into the form of {@link CodePoints}. */
export function codePoints(ranges: Iterable<readonly [number, number]>): CodePoints {
  const sorted = [...ranges].filter(([low, high]) => low <= high).sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [low, high] of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && low <= last[1] + 1) last[1] = Math.max(last[1], high);
    else merged.push([low, high]);
  }
  return merged;
}

export function charsOf(text: string): CodePoints {
  return codePoints(Array.from(text, (char) => [char.codePointAt(0)!, char.codePointAt(0)!] as const));
}

export function union(...sets: readonly CodePoints[]): CodePoints {
  return codePoints(sets.flat());
}

export function intersection(a: CodePoints, b: CodePoints): CodePoints {
  const common: [number, number][] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [aLow, aHigh] = a[i]!;
    const [bLow, bHigh] = b[j]!;
    const low = Math.max(aLow, bLow);
    const high = Math.min(aHigh, bHigh);
    if (low <= high) common.push([low, high]);
    if (aHigh < bHigh) i++;
    else j++;
  }
  return common;
}

/** What UTF-8 can spell and `set` does not hold. */
export function complement(set: CodePoints): CodePoints {
  const rest: [number, number][] = [];
  let next = 0;
  for (const [low, high] of set) {
    if (low > next) rest.push([next, low - 1]);
    next = high + 1;
  }
  if (next <= MAX_CODE_POINT) rest.push([next, MAX_CODE_POINT]);
  return intersection(rest, ALL_CODE_POINTS);
}

export function difference(a: CodePoints, b: CodePoints): CodePoints {
  return intersection(a, complement(b));
}
