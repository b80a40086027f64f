import { describe, expect, it } from 'vitest';
import { schemaKeywords } from '../../src/grammar/schema-keywords.ts';
import { loadSchema, refusal } from './support/grammar-bench.ts';

function refusalOf(schema: unknown): { message: string; path: string } {
  return refusal({ type: 'jsonSchema', schema: JSON.stringify(schema) });
}

/** A value for every keyword that is refused, as a schema would have it. */
const refused: Record<string, unknown> = {
  multipleOf: 0.01,
  not: { type: 'string' },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { required: ['a'] },
  else: { required: ['a'] },
  dependentRequired: { a: ['b'] },
  dependentSchemas: { a: { required: ['b'] } },
  dependencies: { a: ['b'] },
  patternProperties: { '^x': { type: 'string' } },
  propertyNames: { pattern: '^x' },
  minProperties: 1,
  maxProperties: 3,
  uniqueItems: true,
  contains: { type: 'string' },
  minContains: 1,
  maxContains: 2,
  unevaluatedProperties: false,
  unevaluatedItems: false,
  $dynamicRef: '#x',
  $recursiveRef: '#',
};

describe('keywords that are not enforced', () => {
  const names = [...schemaKeywords].filter(([, { status }]) => status === 'refused').map(([name]) => name);

  it('are all tried here', () => {
    expect(Object.keys(refused).sort()).toEqual([...names].sort());
  });

  it.each(Object.entries(refused))('%s is refused where it stands', (keyword, value) => {
    const { message, path } = refusalOf({
      type: 'object',
      properties: { a: { type: 'array', items: { [keyword]: value } } },
    });
    expect(message).toContain('does not enforce');
    expect(path).toBe(`properties.a.items.${keyword}`);
  });

  it.each(names)('%s with a value that asks for nothing is accepted', (name) => {
    const keyword = schemaKeywords.get(name)!;
    for (const off of keyword.status === 'refused' ? keyword.off : []) loadSchema({ type: 'string', [name]: off });
  });

  it('annotations and unknown keywords are ignored', () => {
    loadSchema({
      $schema: 'x',
      title: 't',
      description: 'd',
      default: 1,
      examples: [1],
      'x-own': { not: 1 },
      type: 'string',
    });
  });
});

describe('schemas that cannot be followed name the place', () => {
  it.each([
    ['properties.a.format', { properties: { a: { type: 'string', format: 'iri' } } }],
    ['properties.a.format', { properties: { a: { type: 'number', format: 'decimal' } } }],
    ['properties.a.pattern', { properties: { a: { type: 'string', pattern: '(?=a)b' } } }],
    ['properties.a.pattern', { properties: { a: { type: 'string', pattern: '(' } } }],
    ['properties.a.pattern', { properties: { a: { type: 'string', pattern: '(a)\\1' } } }],
    ['properties.a.pattern', { properties: { a: { type: 'string', pattern: '^(ab|c)+$', maxLength: 3 } } }],
    ['properties.a.maxLength', { properties: { a: { type: 'string', format: 'date', maxLength: 3 } } }],
    ['properties.a.type', { properties: { a: { type: 'text' } } }],
    ['properties.a', { properties: { a: 'string' } }],
    ['properties.a.minLength', { properties: { a: { type: 'string', minLength: -1 } } }],
    ['properties.a.enum', { properties: { a: { enum: [] } } }],
    ['properties.a.minLength', { properties: { a: { enum: ['x'], minLength: 3 } } }],
    ['properties.a.exclusiveMinimum', { properties: { a: { type: 'number', exclusiveMinimum: true } } }],
    ['properties.a', { properties: { a: { type: 'number', minimum: 3, maximum: 2 } } }],
    ['items.oneOf', { items: { oneOf: [{ type: 'integer' }, { type: 'number' }] } }],
    ['items.oneOf', { items: { oneOf: [{ properties: { a: {} } }, { properties: { b: {} } }] } }],
    ['items', { items: { allOf: [{ pattern: 'a' }, { pattern: 'b' }] } }],
    ['items.$ref', { items: { $ref: 'https://example.com/schema' } }],
    ['items.$ref', { items: { $ref: '#anchor' } }],
    ['items.$ref', { items: { $ref: '#/$defs/none' } }],
    ['properties.a', { properties: { a: false }, required: ['a'] }],
  ])('%s', (path, schema) => {
    expect(refusalOf(schema).path).toBe(path);
  });

  it.each([
    ['not JSON', '{'],
    ['no value is valid', 'false'],
    ['a reference to itself', '{"$ref":"#"}'],
    ['allOf of itself', '{"allOf":[{"$ref":"#"}]}'],
    ['anyOf of itself', '{"anyOf":[{"$ref":"#"},{"type":"null"}]}'],
    ['endless objects', '{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}'],
    ['types that exclude each other', '{"allOf":[{"type":"string"},{"type":"null"}]}'],
  ])('%s', (_, schema) => {
    expect(refusal({ type: 'jsonSchema', schema }).path).toMatch(/^(allOf\.0)?$/);
  });
});
