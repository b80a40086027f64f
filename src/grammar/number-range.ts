import { alt, chars, EMPTY, type Expr, NOTHING, repeat, seq } from './expr.ts';
import { DIGIT } from './json-text.ts';

/** A bound; null: none. */
export interface Bound {
  readonly value: number;
  readonly isExclusive: boolean;
}

/** Digits of integers without an upper bound. */
const MAX_INTEGER_DIGITS = 20;
/** Digits of a fraction, where a bound has no more. */
const MAX_FRACTION_DIGITS = 20;

/** Integers in a range. Bounds that are not integers are taken to the next one inside. */
export function integerRange(lower: Bound | null, upper: Bound | null): Expr {
  const low = lower === null ? null : lowestInteger(lower);
  const high = upper === null ? null : -lowestInteger({ value: -upper.value, isExclusive: upper.isExclusive });
  return signed(low, high, (from, to) => digitsInRange(from, to));
}

function lowestInteger(bound: Bound): bigint {
  // Where doubles are further apart than integers, the next integer would be read as the bound itself.
  const { value, isExclusive } = Math.abs(bound.value) < Number.MAX_SAFE_INTEGER ? bound : included(bound, 1);
  const next = BigInt(Math.ceil(value));
  return isExclusive && Number.isInteger(value) ? next + 1n : next;
}

/** Splits a range of integers at zero, so that `inRange` sees ranges of digits only. */
function signed(low: bigint | null, high: bigint | null, inRange: (low: bigint, high: bigint | null) => Expr): Expr {
  const items: Expr[] = [];
  if (low === null || low < 0n) {
    const smallest = high !== null && high < 0n ? -high : 1n;
    const largest = low === null ? null : -low;
    if (largest === null || smallest <= largest) items.push(seq('-', inRange(smallest, largest)));
  }
  if (high === null || high >= 0n) {
    const smallest = low !== null && low > 0n ? low : 0n;
    if (high === null || smallest <= high) items.push(inRange(smallest, high));
  }
  return alt(...items);
}

/** Integers from `low` (at least 0) to `high` without leading zeros; null: any number up to {@link MAX_INTEGER_DIGITS} digits more. */
function digitsInRange(low: bigint, high: bigint | null): Expr {
  const from = low.toString();
  const to = high?.toString() ?? '9'.repeat(Math.max(from.length, MAX_INTEGER_DIGITS));
  const items: Expr[] = [];
  for (let length = from.length; length <= to.length; length++) {
    const smallest = length === from.length ? from : `1${'0'.repeat(length - 1)}`;
    const largest = length === to.length ? to : '9'.repeat(length);
    items.push(sameLength(smallest, largest));
  }
  return alt(...items);
}

/** Numbers from one to another of as many digits. */
function sameLength(low: string, high: string): Expr {
  if (low === '') return EMPTY;
  const [first, last] = [Number(low[0]), Number(high[0])];
  const [lowRest, highRest] = [low.slice(1), high.slice(1)];
  if (first === last) return seq(low[0]!, sameLength(lowRest, highRest));
  const zeros = '0'.repeat(lowRest.length);
  const nines = '9'.repeat(lowRest.length);
  const items: Expr[] = [];
  let [from, to] = [first, last];
  if (lowRest !== zeros) {
    items.push(seq(low[0]!, sameLength(lowRest, nines)));
    from++;
  }
  const endsEarly = highRest !== nines;
  if (endsEarly) to--;
  if (from <= to) items.push(seq(digit(from, to), repeat(DIGIT, lowRest.length, lowRest.length)));
  if (endsEarly) items.push(seq(high[0]!, sameLength(zeros, highRest)));
  return alt(...items);
}

function digit(from: number, to: number): Expr {
  return from > to ? NOTHING : chars([[0x30 + from, 0x30 + to]]);
}

/**
 * Numbers in a range, without exponents. Reading a text as a double rounds it, but never past a double that it does not
 * exceed: bounds that are themselves excluded are taken to the next double inside. Below the least digits that are written
 * nothing rounds to zero.
 */
export function numberRange(lower: Bound | null, upper: Bound | null): Expr {
  const from = lower === null ? null : included(lower, 1);
  const to = upper === null ? null : included(upper, -1);
  const items: Expr[] = [];
  if (from === null || from.value < 0) {
    // The mirror image, without zero, which the other half has.
    const least = to !== null && to.value < 0 ? mirror(to) : { value: 0, isExclusive: true };
    items.push(seq('-', nonNegative(least, from === null ? null : mirror(from))));
  }
  if (to === null || to.value > 0 || (to.value === 0 && !to.isExclusive)) {
    const least = from !== null && from.value >= 0 ? from : { value: 0, isExclusive: false };
    items.push(nonNegative(least, to));
  }
  return alt(...items);
}

/** The same bound without being excluded, but for zero. @param direction 1 upwards */
function included({ value, isExclusive }: Bound, direction: 1 | -1): Bound {
  if (!isExclusive || value === 0) return { value, isExclusive };
  const bits = new BigInt64Array(new Float64Array([value]).buffer);
  bits[0] = bits[0]! + (value > 0 === direction > 0 ? 1n : -1n);
  return { value: new Float64Array(bits.buffer)[0]!, isExclusive: false };
}

function mirror({ value, isExclusive }: Bound): Bound {
  return { value: value === 0 ? 0 : -value, isExclusive };
}

function nonNegative(lower: Bound, upper: Bound | null): Expr {
  const low = decimalOf(lower.value);
  const high = upper === null ? null : decimalOf(upper.value);
  const [lowInteger, highInteger] = [BigInt(low.integer), high === null ? null : BigInt(high.integer)];
  if (highInteger !== null && lowInteger > highInteger) return NOTHING;
  const most = Math.max(MAX_FRACTION_DIGITS, low.fraction.length, high?.fraction.length ?? 0);
  const from = { digits: low.fraction, isExclusive: lower.isExclusive };
  const to = high === null ? null : { digits: high.fraction, isExclusive: upper!.isExclusive };
  if (lowInteger === highInteger) return seq(low.integer, fractionsBetween(from, to, 0, most));
  const items = [seq(low.integer, fractionsBetween(from, null, 0, most))];
  if (highInteger === null || lowInteger + 1n < highInteger) {
    const between = digitsInRange(lowInteger + 1n, highInteger === null ? null : highInteger - 1n);
    items.push(seq(between, fractionsBetween(null, null, 0, most)));
  }
  if (high !== null) items.push(seq(high.integer, fractionsBetween(null, to, 0, most)));
  return alt(...items);
}

interface FractionBound {
  readonly digits: string;
  readonly isExclusive: boolean;
}

/**
 * What may follow the integer part, from the point on (or digits only, once `position` > 0), to stay above `from` and
 * below `to`; a bound that the digits so far have left behind is null.
 */
function fractionsBetween(from: FractionBound | null, to: FractionBound | null, position: number, most: number): Expr {
  const items: Expr[] = [];
  if (mayEnd(from, to, position)) items.push(EMPTY);
  const lead = position === 0 ? '.' : '';
  if (from === null && to === null) {
    if (position < most) items.push(seq(lead, repeat(DIGIT, 1, most - position)));
    return alt(...items);
  }
  if (position >= most) return alt(...items);
  const low = from === null ? 0 : Number(from.digits[position] ?? 0);
  const high = to === null ? 9 : Number(to.digits[position] ?? 0);
  const next = (nextFrom: FractionBound | null, nextTo: FractionBound | null): Expr =>
    fractionsBetween(nextFrom, nextTo, position + 1, most);
  if (low === high) {
    items.push(seq(lead, String(low), next(from, to)));
    return alt(...items);
  }
  if (low > high) return alt(...items);
  const isFree = { from: from === null, to: to === null };
  if (!isFree.from) items.push(seq(lead, String(low), next(from, null)));
  const inner = digit(low + (isFree.from ? 0 : 1), high - (isFree.to ? 0 : 1));
  items.push(seq(lead, inner, next(null, null)));
  if (!isFree.to) items.push(seq(lead, String(high), next(null, to)));
  return alt(...items);
}

/** Whether the digits so far, with nothing after them, are within the bounds. */
function mayEnd(from: FractionBound | null, to: FractionBound | null, position: number): boolean {
  const isAboveLow = from === null || (isZero(from.digits, position) && !from.isExclusive);
  const isBelowHigh = to === null || !isZero(to.digits, position) || !to.isExclusive;
  return isAboveLow && isBelowHigh;
}

function isZero(digits: string, from: number): boolean {
  for (let i = from; i < digits.length; i++) if (digits[i] !== '0') return false;
  return true;
}

/** The shortest decimal of a non-negative double, without an exponent. */
function decimalOf(value: number): { integer: string; fraction: string } {
  const [mantissa = '0', exponent = '0'] = value.toString().split('e');
  const [whole = '0', part = ''] = mantissa.split('.');
  const digits = whole + part;
  const point = whole.length + Number(exponent);
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0');
  const split = Math.max(point, 1);
  return { integer: BigInt(padded.slice(0, split)).toString(), fraction: padded.slice(split).replace(/0+$/, '') };
}
