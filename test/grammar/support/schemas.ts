/** A schema with values that validate and values that do not. */
export interface SchemaCase {
  readonly schema: unknown;
  readonly valid: readonly unknown[];
  readonly invalid: readonly unknown[];
}

function schemaCase(schema: unknown, valid: readonly unknown[], invalid: readonly unknown[]): SchemaCase {
  return { schema, valid, invalid };
}

const tagged = (tag: string, properties: object, required: string[] = []) => ({
  type: 'object',
  properties: { tag: { const: tag }, ...properties },
  required: ['tag', ...required],
});

export const objectCases = [
  schemaCase({ type: 'object' }, [{}, { a: [1, { b: null }] }], [[], 'a']),
  schemaCase(
    { type: 'object', properties: { name: { type: 'string' }, age: { type: 'integer' } }, required: ['name', 'age'] },
    [{ name: 'a', age: 3 }],
    [{ name: 'a' }, { name: 1, age: 2 }],
  ),
  schemaCase(
    {
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'integer' }, c: { type: 'boolean' } },
      required: ['b'],
      additionalProperties: { type: 'integer' },
    },
    [{ b: 1 }, { a: 'x', b: 2 }, { b: 1, c: true, zz: 4 }, { b: 1, aa: 3 }, { b: 1, '': 3 }],
    [{ a: 'x' }, { b: 1, zz: 'a' }],
  ),
  schemaCase(
    { type: 'object', additionalProperties: { type: 'array', items: { type: 'number' } } },
    [{}, { x: [1.5] }],
    [{ x: 1 }],
  ),
  schemaCase(
    {
      type: 'object',
      properties: { 'a"b': { type: 'integer' }, é: { type: 'integer' } },
      required: ['a"b'],
      additionalProperties: { type: 'boolean' },
    },
    [{ 'a"b': 1, é: 2, x: true }],
    [{ x: true }],
  ),
  schemaCase({ type: 'object', required: ['x'], additionalProperties: { type: 'integer' } }, [{ x: 1, y: 2 }], [{}]),
  schemaCase(
    { type: 'object', properties: { a: { type: 'integer' }, b: false }, additionalProperties: true },
    [{ a: 1 }, { a: 1, c: 'x' }],
    [{ a: 1, b: 2 }],
  ),
  schemaCase(
    {
      type: 'object',
      properties: {
        outer: {
          type: 'object',
          properties: { inner: { type: 'array', items: { type: 'string' } } },
          required: ['inner'],
        },
      },
      required: ['outer'],
    },
    [{ outer: { inner: ['a', 'b'] } }],
    [{ outer: {} }],
  ),
];

export const arrayCases = [
  schemaCase(
    { type: 'array', items: { type: 'integer', minimum: -5, maximum: 17 }, minItems: 2, maxItems: 4 },
    [
      [-5, 17],
      [0, 1, 2, 3],
    ],
    [[1], [18, 1], [-6, 1], [1, 1, 1, 1, 1]],
  ),
  schemaCase({ type: 'array', items: { type: 'boolean' } }, [[], [true], [true, false, true]], [[1], {}]),
  schemaCase({ type: 'array', maxItems: 0 }, [[]], [[1]]),
  schemaCase({ type: 'array', items: { type: 'null' }, minItems: 3 }, [[null, null, null]], [[null]]),
  schemaCase(
    { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'string' }], items: { type: 'boolean' }, minItems: 1 },
    [[1], [1, 'a'], [1, 'a', true, false]],
    [['a'], []],
  ),
  schemaCase(
    { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'string' }], minItems: 2, maxItems: 2 },
    [[1, 'a']],
    [[1], [1, 'a', 2]],
  ),
];

export const stringCases = [
  schemaCase({ type: 'string', minLength: 2, maxLength: 5 }, ['ab', 'abcde', '日本語', '😀😀'], ['a', 'abcdef', '😀']),
  schemaCase({ type: 'string', maxLength: 300 }, ['', 'x'.repeat(300), '"'.repeat(300)], ['x'.repeat(301)]),
  schemaCase({ type: 'string', minLength: 20 }, ['x'.repeat(20), 'y'.repeat(900)], ['x'.repeat(19)]),
  schemaCase({ type: 'string', pattern: '^[A-Z]{2}-\\d{3,5}$' }, ['AB-123', 'XY-12345'], ['A-123', 'AB-1']),
  schemaCase({ type: 'string', pattern: '[a-m]' }, ['XXbXX', 'a'], ['', 'XYZ']),
  schemaCase({ type: 'string', pattern: '^(foo|bar\\n)$|^q' }, ['foo', 'bar\n', 'qqq'], ['fooo', 'bar']),
  schemaCase({ type: 'string', pattern: '^[^a-z]{2,40}$' }, ['ABC', '\\"', '\u0001\t'], ['abc', 'A']),
  schemaCase({ type: 'string', pattern: '^[a-z]+$', minLength: 3, maxLength: 6 }, ['abc'], ['ab', 'abcdefg']),
  schemaCase({ type: 'string', pattern: '^\\p{Lu}\\p{Ll}*$' }, ['Élan', 'A'], ['élan', 'AB']),
];

/** Outputs of a model that knows nothing would hardly ever end. */
export const searchCases = [
  schemaCase({ type: 'string', pattern: 'b+"x' }, ['zzbb"xq', 'b"x'], ['ax', 'b"']),
  schemaCase({ type: 'string', pattern: 'end$|^begin' }, ['the end', 'beginning'], ['ending', ' begin']),
];

export const formatCases = [
  schemaCase(
    { type: 'string', format: 'date' },
    ['2024-02-29', '2023-12-31'],
    ['2023-02-29', '2023-13-01', '1900-02-29'],
  ),
  schemaCase(
    { type: 'string', format: 'date-time' },
    ['2024-02-29T12:00:00Z', '2023-01-01T00:00:00.5+02:00'],
    ['2024-02-29'],
  ),
  schemaCase({ type: 'string', format: 'time' }, ['12:00:00+01:00', '23:59:59Z'], ['12:00', '24:00:00Z']),
  schemaCase({ type: 'string', format: 'email' }, ['a.b@c.de'], ['a', 'a@', '@b.c']),
  schemaCase({ type: 'string', format: 'uuid' }, ['123e4567-e89b-12d3-a456-426614174000'], ['x']),
  schemaCase({ type: 'string', format: 'ipv4' }, ['1.2.3.255'], ['1.2.3.256', '1.2.3']),
  schemaCase({ type: 'string', format: 'ipv6' }, ['::1', '::', 'fe80::1:2', '1:2:3:4:5:6:7:8', '1::'], ['1:2', ':::']),
  schemaCase({ type: 'string', format: 'hostname' }, ['a.b-c.de', 'localhost'], ['-a', 'a..b']),
  schemaCase({ type: 'string', format: 'uri' }, ['https://a.b/c?d=e#f', 'ftp://x.y:21/'], ['nope', '//a']),
  schemaCase({ type: 'string', format: 'duration' }, ['P1Y2M', 'PT3H', 'P3W', 'P1DT2H3M4S'], ['P', 'PT']),
];

export const numberCases = [
  schemaCase({ type: 'integer' }, [0, -1, 12345678901], ['1', 1.5]),
  schemaCase({ type: 'number' }, [0, -1.5, 1e21, 1.25e-7], ['1']),
  schemaCase({ type: 'number', minimum: 0, maximum: 10.5 }, [0, 10.5, 10.4999, 3.25], [10.51, -0.1, 11]),
  schemaCase(
    { type: 'number', exclusiveMinimum: -1.25, exclusiveMaximum: 0.003 },
    [-1.2, -1, 0, 0.0029],
    [-1.25, 0.003, 1],
  ),
  schemaCase({ type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1_000_000 }, [0.5, 999_999.5], [0, 1_000_000]),
  schemaCase({ type: 'number', minimum: -2.5 }, [-2.5, -2.4, 0, 1_000_000], [-2.51]),
  schemaCase({ type: 'number', maximum: -0.5 }, [-0.5, -7], [-0.4, 0]),
  schemaCase({ type: 'integer', exclusiveMinimum: 0 }, [1, 99_999], [0, -1]),
  schemaCase({ type: 'integer', minimum: 950, maximum: 12_345 }, [950, 999, 1000, 12_345], [949, 12_346]),
  schemaCase({ type: 'integer', format: 'int32' }, [-2_147_483_648, 2_147_483_647], [2_147_483_648]),
  schemaCase({ type: 'integer', multipleOf: 1 }, [3], []),
];

export const combinedCases = [
  schemaCase(true, [1, 'a', { a: 1 }, null], []),
  schemaCase({}, [1, 'a', { a: 1 }, null], []),
  schemaCase(
    { enum: ['a"b', 1, null, { a: [1, 2] }, 'ab', true] },
    ['a"b', 1, null, { a: [1, 2] }, true],
    ['b', 2, { a: [1] }],
  ),
  schemaCase({ type: 'string', enum: ['a', 1, 'b'] }, ['a', 'b'], [1, 'c']),
  schemaCase({ const: 'x\ny' }, ['x\ny'], ['x']),
  schemaCase({ type: ['string', 'null'] }, ['a', null], [1]),
  schemaCase(
    { anyOf: [{ type: 'string', maxLength: 3 }, { type: 'array', items: { type: 'null' } }, tagged('k', {})] },
    ['abc', [null], { tag: 'k' }],
    ['abcd', [1], {}],
  ),
  schemaCase(
    { oneOf: [tagged('a', { v: { type: 'integer' } }, ['v']), tagged('b', { w: { type: 'string' } })] },
    [{ tag: 'a', v: 1 }, { tag: 'b' }, { tag: 'b', w: '' }],
    [{ tag: 'a' }, { tag: 'c' }],
  ),
  schemaCase({ oneOf: [{ type: 'integer' }, { type: 'string' }, { type: 'null' }] }, [1, 'a', null], [true]),
  schemaCase(
    {
      allOf: [
        { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] },
        { properties: { b: { type: 'string' }, a: { minimum: 3 } }, required: ['b'] },
      ],
    },
    [{ a: 3, b: '' }],
    [{ a: 2, b: '' }, { a: 3 }],
  ),
  schemaCase(
    {
      type: 'object',
      properties: { kind: { type: 'string' } },
      required: ['kind'],
      anyOf: [
        { properties: { kind: { const: 'x' } } },
        { properties: { kind: { const: 'y' }, size: { type: 'integer' } } },
      ],
    },
    [{ kind: 'x' }, { kind: 'y', size: 3 }],
    [{ kind: 'z' }],
  ),
  schemaCase(
    {
      $defs: {
        node: {
          type: 'object',
          properties: { value: { type: 'integer' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
          required: ['value', 'next'],
        },
      },
      $ref: '#/$defs/node',
    },
    [{ value: 1, next: { value: 2, next: null } }],
    [{ value: 1 }],
  ),
  schemaCase(
    { type: 'object', properties: { children: { type: 'array', items: { $ref: '#' } } }, required: [] },
    [{}, { children: [{}, { children: [] }] }],
    [{ children: [1] }],
  ),
  schemaCase(
    {
      definitions: { 'a/b~c': { type: 'integer', description: 'odd' } },
      allOf: [{ $ref: '#/definitions/a~1b~0c' }],
      minimum: 3,
    },
    [3, 10],
    [2],
  ),
];
