import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { accepts, loadSchema, randomFrom, walk } from './support/grammar-bench.ts';
import {
  arrayCases,
  combinedCases,
  formatCases,
  numberCases,
  objectCases,
  type SchemaCase,
  searchCases,
  stringCases,
} from './support/schemas.ts';

function validatorOf(schema: unknown): (value: unknown) => boolean {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  return ajv.compile(schema as object);
}

const groups: Record<string, readonly SchemaCase[]> = {
  objects: objectCases,
  arrays: arrayCases,
  strings: stringCases,
  formats: formatCases,
  numbers: numberCases,
  'combinations and references': combinedCases,
};

describe.each(Object.entries(groups))('JSON Schema: %s', (_, cases) => {
  it.each(cases)('every output validates: $schema', ({ schema }) => {
    const isValid = validatorOf(schema);
    const grammar = loadSchema(schema);
    const random = randomFrom(JSON.stringify(schema).length);
    let numEnded = 0;
    for (let round = 0; round < 24; round++) {
      const { text, hasEnded } = walk(grammar, random, round % 2 === 0);
      if (!hasEnded) continue;
      numEnded++;
      expect(text).not.toMatch(/^\s|\s$/);
      expect(isValid(JSON.parse(text)), text).toBe(true);
    }
    expect(numEnded).toBeGreaterThan(5);
  });

  it.each(cases)('takes what is valid and nothing else: $schema', takesValidOnly);
});

it.each(searchCases)('takes strings in which a pattern is found: $schema', takesValidOnly);

function takesValidOnly({ schema, valid, invalid }: SchemaCase): void {
  const isValid = validatorOf(schema);
  const grammar = loadSchema(schema);
  for (const value of valid) {
    expect(isValid(value), JSON.stringify(value)).toBe(true);
    for (const indent of [undefined, 2, 4, '\t']) {
      expect(accepts(grammar, JSON.stringify(value, null, indent)), JSON.stringify(value, null, indent)).toBe(true);
    }
  }
  for (const value of invalid) {
    expect(isValid(value), JSON.stringify(value)).toBe(false);
    expect(accepts(grammar, JSON.stringify(value)), JSON.stringify(value)).toBe(false);
  }
}
