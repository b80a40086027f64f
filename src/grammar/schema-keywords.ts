/** A JSON value as parsed. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Keywords of JSON Schema (2020-12, and older names of the same):
 * - enforced: every output obeys it;
 * - annotation: says nothing about validity;
 * - refused: it would be ignored silently otherwise. Values of `off` ask for nothing and are accepted.
 * Keywords that are not listed are annotations, as the specification has it.
 */
export type KeywordStatus =
  | { readonly status: 'enforced' }
  | { readonly status: 'annotation' }
  | { readonly status: 'refused'; readonly off: readonly Json[] };

const table = new Map<string, KeywordStatus>();

function enforced(...names: string[]): void {
  for (const name of names) table.set(name, { status: 'enforced' });
}

function annotation(...names: string[]): void {
  for (const name of names) table.set(name, { status: 'annotation' });
}

function refused(name: string, ...off: Json[]): void {
  table.set(name, { status: 'refused', off });
}

enforced('type', 'nullable', 'enum', 'const', 'anyOf', 'oneOf', 'allOf', '$ref');
enforced('properties', 'required', 'additionalProperties');
enforced('items', 'prefixItems', 'additionalItems', 'minItems', 'maxItems');
enforced('minLength', 'maxLength', 'pattern', 'format');
enforced('minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum');

annotation('title', 'description', 'default', 'examples', 'example', 'deprecated', 'readOnly', 'writeOnly');
annotation('$schema', '$id', 'id', '$comment', '$defs', 'definitions', '$anchor', '$dynamicAnchor', '$vocabulary');
annotation('contentEncoding', 'contentMediaType', 'contentSchema', 'discriminator', 'xml', 'externalDocs', 'if');

refused('multipleOf', 1);
refused('not', false);
refused('then', true, {});
refused('else', true, {});
refused('dependentRequired', {});
refused('dependentSchemas', {});
refused('dependencies', {});
refused('patternProperties', {});
refused('propertyNames', true, {});
refused('minProperties', 0);
refused('maxProperties');
refused('uniqueItems', false);
refused('contains');
refused('minContains');
refused('maxContains');
refused('unevaluatedProperties', true, {});
refused('unevaluatedItems', true, {});
refused('$dynamicRef');
refused('$recursiveRef');

/** All keywords of JSON Schema. */
export const schemaKeywords: ReadonlyMap<string, KeywordStatus> = table;
