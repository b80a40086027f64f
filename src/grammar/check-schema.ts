import { GrammarError } from './grammar-error.ts';
import { type Json, schemaKeywords } from './schema-keywords.ts';

/** A schema that is an object, checked by {@link checkSchema}. */
export type SchemaObject = { readonly [keyword: string]: Json };
export type Path = readonly (string | number)[];

const TYPES = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']);

const isObject = (value: Json): value is SchemaObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: Json): boolean => typeof value === 'number' && Number.isInteger(value) && value >= 0;
const isNumber = (value: Json): boolean => typeof value === 'number' && Number.isFinite(value);
const isString = (value: Json): boolean => typeof value === 'string';
const isType = (value: Json): boolean => typeof value === 'string' && TYPES.has(value);
const isSchema = (value: Json): boolean => typeof value === 'boolean' || isObject(value);
const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

/** What the value of an enforced keyword must be. */
const SHAPES: Readonly<Record<string, readonly [test: (value: Json) => boolean, words: string]>> = {
  type: [
    (value) => isType(value) || (isList(value) && value.length > 0 && value.every(isType)),
    'a type of JSON Schema or an array of them',
  ],
  nullable: [(value) => typeof value === 'boolean', 'a boolean'],
  enum: [(value) => isList(value) && value.length > 0, 'an array that is not empty'],
  const: [() => true, 'a value'],
  anyOf: [(value) => isList(value) && value.length > 0, 'an array that is not empty'],
  oneOf: [(value) => isList(value) && value.length > 0, 'an array that is not empty'],
  allOf: [(value) => isList(value) && value.length > 0, 'an array that is not empty'],
  $ref: [isString, 'a string'],
  properties: [isObject, 'an object'],
  required: [(value) => isList(value) && value.every(isString), 'an array of strings'],
  additionalProperties: [isSchema, 'a schema or a boolean'],
  items: [(value) => isSchema(value) || isList(value), 'a schema'],
  prefixItems: [isList, 'an array'],
  additionalItems: [isSchema, 'a schema or a boolean'],
  minItems: [isCount, 'an integer of at least 0'],
  maxItems: [isCount, 'an integer of at least 0'],
  minLength: [isCount, 'an integer of at least 0'],
  maxLength: [isCount, 'an integer of at least 0'],
  pattern: [isString, 'a string'],
  format: [isString, 'a string'],
  minimum: [isNumber, 'a number'],
  maximum: [isNumber, 'a number'],
  exclusiveMinimum: [isNumber, 'a number'],
  exclusiveMaximum: [isNumber, 'a number'],
};

/**
 * Checks one schema object, not what is inside of it; returns it with the keywords that say something about validity only.
 * @throws GrammarError naming the keyword that is malformed or not enforced by this server
 */
export function checkSchema(schema: Json, path: Path): SchemaObject | boolean {
  if (typeof schema === 'boolean') return schema;
  if (!isObject(schema)) throw new GrammarError('must be a JSON Schema (an object or a boolean)', path);
  const kept: [string, Json][] = [];
  for (const [keyword, value] of Object.entries(schema)) {
    const known = schemaKeywords.get(keyword);
    if (known === undefined || known.status === 'annotation') continue;
    if (known.status === 'refused') {
      if (known.off.some((off) => jsonEqual(off, value))) continue;
      throw new GrammarError('is a keyword of JSON Schema that this server does not enforce', [...path, keyword]);
    }
    const [test, words] = SHAPES[keyword]!;
    if (!test(value)) throw new GrammarError(`must be ${words}`, [...path, keyword]);
    kept.push([keyword, value]);
  }
  return Object.fromEntries(kept);
}

/** Whether two JSON values are the same, whatever the order of keys. */
export function jsonEqual(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (isList(a) || isList(b)) {
    return isList(a) && isList(b) && a.length === b.length && a.every((value, i) => jsonEqual(value, b[i]!));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && jsonEqual(a[key]!, b[key]!))
  );
}
