/** Byte ranges, one per byte of a character: together they spell exactly the characters from one code point to another. */
export type ByteSequence = readonly (readonly [number, number])[];

/** Last code point of each length of UTF-8. */
const LAST_OF_LENGTH = [0x7f, 0x7ff, 0xffff, 0x10ffff];

/** The byte sequences that spell the code points `low` to `high`, which hold no surrogate. */
export function utf8Sequences(low: number, high: number): ByteSequence[] {
  const sequences: ByteSequence[] = [];
  let start = low;
  for (const last of LAST_OF_LENGTH) {
    if (start > high) break;
    if (start > last) continue;
    const end = Math.min(high, last);
    split(bytesOf(start), bytesOf(end), sequences);
    start = end + 1;
  }
  return sequences;
}

/** Splits a range of equally long spellings where continuation bytes do not run through all their values. */
function split(low: readonly number[], high: readonly number[], into: ByteSequence[]): void {
  const length = low.length;
  let first = 0;
  while (first < length && low[first] === high[first]) first++;
  if (first >= length - 1 || (isAll(low, first + 1, 0x80) && isAll(high, first + 1, 0xbf))) {
    into.push(low.map((byte, i) => [byte, high[i]!] as const));
    return;
  }
  const head = low.slice(0, first);
  const fill = (byte: number): number[] => new Array<number>(length - first - 1).fill(byte);
  let [from, to] = [low[first]!, high[first]!];
  if (!isAll(low, first + 1, 0x80)) {
    split(low, [...head, from, ...fill(0xbf)], into);
    from++;
  }
  const endsEarly = !isAll(high, first + 1, 0xbf);
  if (endsEarly) to--;
  if (from <= to) split([...head, from, ...fill(0x80)], [...head, to, ...fill(0xbf)], into);
  if (endsEarly) split([...head, high[first]!, ...fill(0x80)], high, into);
}

function isAll(bytes: readonly number[], from: number, value: number): boolean {
  return bytes.slice(from).every((byte) => byte === value);
}

function bytesOf(codePoint: number): number[] {
  if (codePoint < 0x80) return [codePoint];
  const length = codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
  const bytes: number[] = [];
  for (let i = length - 1; i > 0; i--) bytes.push(0x80 | ((codePoint >> (6 * (i - 1))) & 0x3f));
  const lead = [0, 0, 0xc0, 0xe0, 0xf0][length]!;
  return [lead | (codePoint >> (6 * (length - 1))), ...bytes];
}
