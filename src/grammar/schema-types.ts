import type { SchemaObject } from './check-schema.ts';
import { typesOf } from './merge-schemas.ts';
import type { Json } from './schema-keywords.ts';

/** Keywords that say something about one type only. */
const KEYWORDS_OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'prefixItems', 'additionalItems', 'minItems', 'maxItems'],
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
};

const ALL_TYPES = ['object', 'array', 'string', 'number', 'boolean', 'null'];

/**
 * Types of a flat schema's values. One without `type` is read as meaning the types that its keywords are about, which is
 * what its author had in mind, though the specification would let values of all other types through.
 */
export function impliedTypes(schema: SchemaObject): readonly string[] {
  if (schema['type'] !== undefined) {
    const types = typesOf(schema['type']);
    return types.includes('number') ? types.filter((type) => type !== 'integer') : types;
  }
  const implied = Object.keys(KEYWORDS_OF_TYPE).filter((type) =>
    KEYWORDS_OF_TYPE[type]!.some((keyword) => schema[keyword] !== undefined),
  );
  return implied.length > 0 ? implied : ALL_TYPES;
}

export function typeOfValue(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

/** Whether a value has one of the types. */
export function hasOneOfTypes(value: Json, types: readonly string[]): boolean {
  const type = typeOfValue(value);
  return types.includes(type) || (type === 'integer' && types.includes('number'));
}
