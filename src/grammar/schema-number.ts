import type { Path, SchemaObject } from './check-schema.ts';
import type { Expr } from './expr.ts';
import { GrammarError } from './grammar-error.ts';
import { JSON_INTEGER, JSON_NUMBER } from './json-text.ts';
import { type Bound, integerRange, numberRange } from './number-range.ts';
import { isStringFormat } from './string-formats.ts';

/** Ranges that OpenAPI's formats of integers stand for. */
const INTEGER_FORMATS: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};
const NUMBER_FORMATS = new Set(['float', 'double', ...Object.keys(INTEGER_FORMATS)]);

/** Numbers of a flat schema. @throws GrammarError naming the keyword that cannot be followed */
export function numberOf(schema: SchemaObject, isInteger: boolean, path: Path): Expr {
  const format = schema['format'] as string | undefined;
  if (format !== undefined && !isNumberFormat(format) && !isStringFormat(format)) {
    throw new GrammarError('is a format that this server does not enforce', [...path, 'format']);
  }
  let [lower, upper] = [lowerBound(schema), upperBound(schema)];
  if (isInteger && format !== undefined && Object.hasOwn(INTEGER_FORMATS, format)) {
    const [least, most] = INTEGER_FORMATS[format]!;
    lower = tighter(lower, { value: least, isExclusive: false }, (a, b) => a > b);
    upper = tighter(upper, { value: most, isExclusive: false }, (a, b) => a < b);
  }
  if (lower === null && upper === null) return isInteger ? JSON_INTEGER : JSON_NUMBER;
  if (lower !== null && upper !== null && lower.value > upper.value) {
    throw new GrammarError('leaves no number between its bounds', path);
  }
  return isInteger ? integerRange(lower, upper) : numberRange(lower, upper);
}

/** Whether a format says something about numbers. */
export function isNumberFormat(format: string): boolean {
  return NUMBER_FORMATS.has(format);
}

function lowerBound(schema: SchemaObject): Bound | null {
  return tighter(bound(schema['minimum'], false), bound(schema['exclusiveMinimum'], true), (a, b) => a > b);
}

function upperBound(schema: SchemaObject): Bound | null {
  return tighter(bound(schema['maximum'], false), bound(schema['exclusiveMaximum'], true), (a, b) => a < b);
}

function bound(value: unknown, isExclusive: boolean): Bound | null {
  return value === undefined ? null : { value: value as number, isExclusive };
}

function tighter(a: Bound | null, b: Bound | null, isTighter: (a: number, b: number) => boolean): Bound | null {
  if (a === null || b === null) return a ?? b;
  if (a.value === b.value) return a.isExclusive ? a : b;
  return isTighter(a.value, b.value) ? a : b;
}
