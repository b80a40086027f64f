import { jsonEqual, type Path, type SchemaObject } from './check-schema.ts';
import type { SchemaMerger } from './merge-schemas.ts';
import type { Json } from './schema-keywords.ts';
import { impliedTypes, typeOfValue } from './schema-types.ts';

/** Properties within properties that are looked at. */
const MAX_DEPTH = 3;

/**
 * Whether no value can validate against both schemas, as far as their types, values and required properties (a
 * discriminator) tell. Then oneOf is anyOf.
 */
export function areDisjoint(a: Json, b: Json, merger: SchemaMerger, path: Path, depth = 0): boolean {
  const x = merger.flatten(a, path);
  const y = merger.flatten(b, path);
  if (x === false || y === false) return true;
  if (x === true || y === true) return false;
  const [xValues, yValues] = [x['enum'], y['enum']] as (readonly Json[] | undefined)[];
  if (xValues !== undefined && yValues !== undefined) {
    return !xValues.some((value) => yValues.some((other) => jsonEqual(value, other)));
  }
  const [xTypes, yTypes] = [certainTypes(x), certainTypes(y)];
  if (xTypes === null || yTypes === null) return false;
  const shared = xTypes.filter((type) => yTypes.includes(type));
  if (shared.length === 0) return true;
  if (shared.length > 1 || shared[0] !== 'object' || depth === MAX_DEPTH) return false;
  return requiredNames(x).some((name) => {
    const [xProperty, yProperty] = [propertyOf(x, name), propertyOf(y, name)];
    if (yProperty === undefined) return y['additionalProperties'] === false;
    if (xProperty === undefined || !requiredNames(y).includes(name)) return false;
    return areDisjoint(xProperty, yProperty, merger, [...path, 'properties', name], depth + 1);
  });
}

/** Types that valid values can have, integers as numbers; null: any. */
function certainTypes(schema: SchemaObject): readonly string[] | null {
  const values = schema['enum'] as readonly Json[] | undefined;
  const types = values?.map(typeOfValue) ?? (schema['type'] === undefined ? null : impliedTypes(schema));
  return types?.map((type) => (type === 'integer' ? 'number' : type)) ?? null;
}

function requiredNames(schema: SchemaObject): readonly string[] {
  return (schema['required'] ?? []) as readonly string[];
}

function propertyOf(schema: SchemaObject, name: string): Json | undefined {
  const properties = (schema['properties'] ?? {}) as SchemaObject;
  return Object.hasOwn(properties, name) ? properties[name] : undefined;
}
