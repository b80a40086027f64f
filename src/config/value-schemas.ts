import { z } from 'zod';
import { parseByteCount, parseCount } from './quantity.ts';

/*
 * Building blocks of the settings. Each takes what a flag or a variable gives (a string) as well as what a JSON file
 * gives, and says what it wants in words that follow "must be".
 */

interface Bounds {
  readonly min: number;
  readonly max?: number;
}

/** A whole number, `8k` and `8K` included. */
export function count(bounds: Bounds) {
  return whole(bounds, parseCount, 'a whole number such as 4096, 8k or 8K');
}

/** A number of bytes, `512M`, `2G` and `1GiB` included. */
export function bytes(bounds: Bounds) {
  return whole(bounds, parseByteCount, 'a number of bytes such as 536870912, 512M, 2G or 1GiB');
}

function whole(bounds: Bounds, parse: (text: string) => number | null, wanted: string) {
  const max = bounds.max ?? Number.MAX_SAFE_INTEGER;
  const error = { error: `must be ${wanted}, ${range(bounds)}` };
  const schema = z.number(error).int(error).min(bounds.min, error).max(max, error);
  return z.preprocess((value) => (typeof value === 'string' ? (parse(value) ?? value) : value), schema);
}

/** A duration; fractions are allowed. */
export function duration(unit: 'seconds' | 'milliseconds', bounds: Required<Bounds>) {
  const error = { error: `must be a number of ${unit}, ${range(bounds)}` };
  const schema = z.number(error).min(bounds.min, error).max(bounds.max, error);
  const isDecimal = (value: unknown): value is string =>
    typeof value === 'string' && /^\d+(\.\d+)?$/.test(value.trim());
  return z.preprocess((value) => (isDecimal(value) ? Number(value) : value), schema);
}

/** `cpu`, or the number of a GPU: `cuda` is the first, `cuda:1` the second. */
export function device() {
  const error = { error: 'must be cpu, cuda or cuda:N' };
  return z
    .string(error)
    .regex(/^(cpu|cuda(:\d{1,3})?)$/, error)
    .transform((value): 'cpu' | number => (value === 'cpu' ? 'cpu' : Number(value.split(':')[1] ?? 0)));
}

/** A share of a whole, above 0. */
export function share() {
  const error = { error: 'must be a number above 0 and up to 1' };
  const parse = (value: unknown): unknown =>
    typeof value === 'string' && /^\d*\.?\d+$/.test(value.trim()) ? Number(value) : value;
  return z.preprocess(parse, z.number(error).gt(0, error).max(1, error));
}

/** `auto` (in a file also null) for null, which leaves the choice to the server. */
export function orAuto<T extends z.ZodType>(schema: T) {
  return z.preprocess((value) => (value === 'auto' ? null : value), schema.nullable());
}

export function text(wanted: string) {
  const error = { error: `must be ${wanted}` };
  return z.string(error).trim().min(1, error);
}

/** Several texts: a repeated flag, an array in a file, a comma separated list in a variable. */
export function textList(wanted: string) {
  const item = z
    .string({ error: `must be ${wanted}` })
    .trim()
    .min(1, { error: `must be ${wanted}, none of them empty` });
  return z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',') : value),
    z.array(item, { error: `must be ${wanted}` }),
  );
}

/** Origins of web pages, or `*` for all; `none` is an empty list. */
export function originList() {
  const wanted = 'origins such as https://chat.example.com or http://localhost:3000, * or none';
  const isOrigin = (value: string): boolean =>
    value === '*' || (URL.canParse(value) && /^https?:/.test(value) && new URL(value).origin === value);
  return textList(wanted)
    .transform((origins) => (origins.length === 1 && origins[0] === 'none' ? [] : origins))
    .refine((origins) => origins.every(isOrigin), { error: `must be ${wanted}` });
}

export function choice<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` });
}

const SWITCH_WORDS: Readonly<Record<string, boolean>> = {
  true: true,
  1: true,
  yes: true,
  on: true,
  false: false,
  0: false,
  no: false,
  off: false,
};

/** A switch; in a variable true/false, 1/0, yes/no or on/off. */
export function onOff() {
  const parse = (value: unknown): unknown => {
    if (typeof value !== 'string') return value;
    const word = value.trim().toLowerCase();
    return Object.hasOwn(SWITCH_WORDS, word) ? SWITCH_WORDS[word] : value;
  };
  return z.preprocess(parse, z.boolean({ error: 'must be true or false' }));
}

function range({ min, max }: Bounds): string {
  const format = (value: number): string => value.toLocaleString('en-US');
  return max === undefined ? `at least ${format(min)}` : `from ${format(min)} to ${format(max)}`;
}
