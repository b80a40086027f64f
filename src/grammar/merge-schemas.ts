import { jsonEqual, type Path, type SchemaObject } from './check-schema.ts';
import { GrammarError } from './grammar-error.ts';
import type { SchemaDocument } from './schema-document.ts';
import type { Json } from './schema-keywords.ts';

/** References and allOf within each other. */
const MAX_DEPTH = 50;
/** Choices that the product of two anyOf may have. */
const MAX_PRODUCT = 256;

const LOWER = new Set(['minLength', 'minItems', 'minimum', 'exclusiveMinimum']);
const UPPER = new Set(['maxLength', 'maxItems', 'maximum', 'exclusiveMaximum']);
const OBJECT_KEYWORDS = new Set(['properties', 'additionalProperties']);

/**
 * Writes allOf, and references with keywords beside them, as one schema.
 * @throws GrammarError naming keywords that cannot be put together
 */
export class SchemaMerger {
  readonly #document: SchemaDocument;
  readonly #flat = new WeakMap<object, SchemaObject | boolean>();

  constructor(document: SchemaDocument) {
    this.#document = document;
  }

  /** A schema without `$ref` and `allOf` at its top that says the same. */
  flatten(schema: Json, path: Path, depth = 0): SchemaObject | boolean {
    if (typeof schema !== 'object' || schema === null) return this.#flatten(schema, path, depth);
    const known = this.#flat.get(schema);
    if (known !== undefined) return known;
    const flat = this.#flatten(schema, path, depth);
    this.#flat.set(schema, flat);
    return flat;
  }

  #flatten(schema: Json, path: Path, depth: number): SchemaObject | boolean {
    if (depth > MAX_DEPTH) throw new GrammarError('refers to itself without an end', path);
    const checked = this.#document.check(schema, path);
    if (typeof checked === 'boolean') return checked;
    const { $ref, allOf, ...rest } = checked;
    let merged = normalize(rest);
    if ($ref !== undefined) {
      const target = this.#document.resolve($ref as string, path);
      merged = this.merge(this.flatten(target.schema, target.path, depth + 1), merged, path);
    }
    for (const [index, part] of ((allOf ?? []) as readonly Json[]).entries()) {
      merged = this.merge(merged, this.flatten(part, [...path, 'allOf', index], depth + 1), path);
    }
    return merged;
  }

  /** The schema that both together are. */
  merge(a: SchemaObject | boolean, b: SchemaObject | boolean, path: Path): SchemaObject | boolean {
    if (typeof a === 'boolean') return a ? b : false;
    if (typeof b === 'boolean') return b ? a : false;
    const merged: Record<string, Json> = { ...a, ...mergeObjects(a, b, (x, y) => this.#both(x, y)) };
    for (const [keyword, value] of Object.entries(b)) {
      if (OBJECT_KEYWORDS.has(keyword)) continue;
      const other = a[keyword];
      merged[keyword] = other === undefined ? value : this.#mergeKeyword(keyword, other, value, path);
    }
    if (Array.isArray(merged['type']) && merged['type'].length === 0) return false;
    if (Array.isArray(merged['enum']) && merged['enum'].length === 0) return false;
    return merged;
  }

  #mergeKeyword(keyword: string, a: Json, b: Json, path: Path): Json {
    if (jsonEqual(a, b)) return a;
    if (LOWER.has(keyword)) return Math.max(a as number, b as number);
    if (UPPER.has(keyword)) return Math.min(a as number, b as number);
    switch (keyword) {
      case 'type':
        return commonTypes(typesOf(a), typesOf(b));
      case 'required':
        return [...new Set([...(a as string[]), ...(b as string[])])];
      case 'enum':
        return (a as Json[]).filter((value) => (b as Json[]).some((other) => jsonEqual(value, other)));
      case 'anyOf':
        return this.#product(a as Json[], b as Json[], path);
      case 'items':
        if (!Array.isArray(a) && !Array.isArray(b)) return this.#both(a, b);
    }
    throw new GrammarError(`is required with two different values of "${keyword}", which cannot be put together`, path);
  }

  #product(a: readonly Json[], b: readonly Json[], path: Path): Json {
    if (a.length * b.length > MAX_PRODUCT) throw new GrammarError('has too many combinations of anyOf', path);
    return a.flatMap((x) => b.map((y) => this.#both(x, y)));
  }

  #both(a: Json, b: Json): Json {
    return jsonEqual(a, b) ? a : { allOf: [a, b] };
  }
}

/** Writes `const` as an `enum` and OpenAPI's `nullable` as a type. */
function normalize({ const: only, nullable, ...rest }: SchemaObject): SchemaObject | boolean {
  const schema: Record<string, Json> = { ...rest };
  if (nullable === true && schema['type'] !== undefined)
    schema['type'] = [...new Set([...typesOf(schema['type']), 'null'])];
  if (only === undefined) return schema;
  const values = schema['enum'] as readonly Json[] | undefined;
  if (values !== undefined && !values.some((value) => jsonEqual(value, only))) return false;
  return { ...schema, enum: [only] };
}

/** Properties and additionalProperties of both: a property that one does not list is one of its additional ones. */
function mergeObjects(a: SchemaObject, b: SchemaObject, both: (x: Json, y: Json) => Json): Record<string, Json> {
  const [aProperties, bProperties] = [a['properties'] ?? {}, b['properties'] ?? {}] as [SchemaObject, SchemaObject];
  const [aRest, bRest] = [a['additionalProperties'], b['additionalProperties']];
  const merged: [string, Json][] = [];
  for (const name of new Set([...Object.keys(aProperties), ...Object.keys(bProperties)])) {
    const x = Object.hasOwn(aProperties, name) ? aProperties[name]! : (aRest ?? true);
    const y = Object.hasOwn(bProperties, name) ? bProperties[name]! : (bRest ?? true);
    merged.push([name, x === true ? y : y === true ? x : both(x, y)]);
  }
  const rest = aRest === undefined ? bRest : bRest === undefined ? aRest : both(aRest, bRest);
  return {
    ...(merged.length > 0 ? { properties: Object.fromEntries(merged) } : {}),
    ...(rest === undefined ? {} : { additionalProperties: rest }),
  };
}

/** Types of a `type` keyword. */
export function typesOf(type: Json): readonly string[] {
  return Array.isArray(type) ? (type as string[]) : [type as string];
}

function commonTypes(a: readonly string[], b: readonly string[]): string[] {
  const common = a.filter((type) => b.includes(type));
  const takesNumbers = (types: readonly string[]): boolean => types.includes('number');
  const hasInteger = (a.includes('integer') && takesNumbers(b)) || (b.includes('integer') && takesNumbers(a));
  return hasInteger && !common.includes('number') && !common.includes('integer') ? [...common, 'integer'] : common;
}
