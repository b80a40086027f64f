import fc from 'fast-check';
import { type FuzzEndpoint, fuzzEndpoints, type Json } from './fuzz-endpoints.ts';

/** A request that has been spoilt: bytes, as they go out. */
export interface SpoiltRequest {
  readonly endpoint: FuzzEndpoint;
  readonly how: string;
  readonly payload: string | Buffer;
  readonly contentType: string | undefined;
}

type Path = readonly (string | number)[];

/** JSON Schemas and the values of maps are not the API's to type. */
const OPAQUE = new Set(['parameters', 'input_schema', 'schema', 'input', 'logit_bias', 'metadata', 'arguments']);
const HUGE = ['1e400', '-1e400', '1e308', '-1e308', '123456789012345678901234567890'];
const NOT_JSON = [
  'NaN',
  'Infinity',
  '-Infinity',
  'undefined',
  '0x10',
  '+1',
  '.5',
  '01',
  "'x'",
  '1_0',
  '/* */1',
  '\u00a0',
];
const WRONG_TYPES = [
  'text/plain',
  'application/xml',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencoded',
];
/** Of no field's type, whatever alternatives it has. */
const ALWAYS_WRONG: readonly Json[] = [
  [[[{}]]],
  { constructor: { prototype: 1 }, toString: [[]] },
  [[null]],
  [{ length: -1 }],
];
const STRANGE_STRINGS = [
  '\ud800',
  'a\udfffb',
  '__proto__',
  'constructor',
  '\u0000',
  'NaN',
  '\uffff',
  '<eos>',
  ' ',
  '../../etc',
];

const endpoint = fc.constantFrom(...fuzzEndpoints);
const position = fc.nat();

function pathsTo(value: Json, path: Path = []): Path[] {
  const own = path.length === 0 ? [] : [path];
  if (typeof value !== 'object' || value === null) return own;
  if (path.length > 0 && OPAQUE.has(String(path.at(-1))) && !Array.isArray(value)) return own;
  return [...own, ...Object.entries(value).flatMap(([key, inner]) => pathsTo(inner, [...path, key]))];
}

function valueAt(value: Json, path: Path): Json {
  return path.reduce<Json>((inner, key) => (inner as { readonly [key: string]: Json })[key]!, value);
}

function withValue(value: Json, path: Path, replacement: Json): Json {
  const [key, ...rest] = path;
  if (key === undefined) return replacement;
  const inner = (value as { readonly [key: string]: Json })[key]!;
  if (Array.isArray(value))
    return value.map((item, i) => (i === Number(key) ? withValue(inner, rest, replacement) : item));
  return { ...(value as object), [key]: withValue(inner, rest, replacement) };
}

/** One of the paths to values that satisfy `fits`; undefined where the body has none. */
function pick(body: Json, seed: number, fits: (value: Json, path: Path) => boolean = () => true): Path | undefined {
  const paths = pathsTo(body).filter((path) => fits(valueAt(body, path), path));
  return paths[seed % paths.length];
}

/** The body's JSON with raw text in the place of one value. */
function withText(body: Json, path: Path, text: string): string {
  return JSON.stringify(withValue(body, path, '\u0001mark')).replace('"\\u0001mark"', () => text);
}

function isObject(value: Json): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object for an object may be right: unknown fields are ignored. A call's arguments may be an object instead of text. */
function takesObject(value: Json, path: Path): boolean {
  return isObject(value) || path.at(-1) === 'arguments';
}

/** What no field takes in the place of this value. */
function wrongFor(value: Json, path: Path, seed: number): Json {
  const others: readonly Json[] =
    typeof value === 'string'
      ? [12.5, true, -1]
      : typeof value === 'number' || typeof value === 'boolean'
        ? ['NaN', '', '1e999']
        : [7, -0.5];
  const always = takesObject(value, path) ? ALWAYS_WRONG.filter(Array.isArray) : ALWAYS_WRONG;
  const all = [...always, ...others];
  return all[seed % all.length]!;
}

function request(endpoint: FuzzEndpoint, how: string, payload: string | Buffer, contentType = 'application/json') {
  return { endpoint, how, payload, contentType };
}

const wrongType = fc.tuple(endpoint, position, position).map(([endpoint, where, which]) => {
  const path = pick(endpoint.body, where)!;
  const body = withValue(endpoint.body, path, wrongFor(valueAt(endpoint.body, path), path, which));
  return request(endpoint, `wrong type at ${path.join('.')}`, JSON.stringify(body));
});

const hugeNumber = fc.tuple(endpoint, position, fc.constantFrom(...HUGE)).map(([endpoint, where, number]) => {
  const path = pick(endpoint.body, where, (value) => typeof value === 'number') ?? pick(endpoint.body, where)!;
  return request(endpoint, `${number} at ${path.join('.')}`, withText(endpoint.body, path, number));
});

const deepValue = fc
  .tuple(endpoint, position, fc.constantFrom(50, 2000, 50_000), fc.boolean())
  .map(([endpoint, where, depth, isList]) => {
    const path = pick(endpoint.body, where, (_, path) => !OPAQUE.has(String(path.at(-1))))!;
    const [open, close] = isList || takesObject(valueAt(endpoint.body, path), path) ? ['[', ']'] : ['{"a":', '}'];
    const text = `${open.repeat(depth)}${isList ? '' : 0}${close.repeat(depth)}`;
    return request(endpoint, `${depth} levels at ${path.join('.')}`, withText(endpoint.body, path, text));
  });

const notJson = fc.tuple(endpoint, position, fc.constantFrom(...NOT_JSON)).map(([endpoint, where, text]) => {
  const path = pick(endpoint.body, where)!;
  return request(endpoint, `${text} at ${path.join('.')}`, withText(endpoint.body, path, text));
});

const truncated = fc.tuple(endpoint, position).map(([endpoint, where]) => {
  const text = JSON.stringify(endpoint.body);
  const end = where % text.length;
  return request(endpoint, `cut after ${end}`, text.slice(0, end));
});

const brokenUtf8 = fc
  .tuple(endpoint, position, fc.constantFrom([0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80], [0xe2, 0x82]))
  .map(([endpoint, where, bytes]) => {
    const whole = Buffer.from(JSON.stringify(endpoint.body));
    const at = where % (whole.length + 1);
    const payload = Buffer.concat([whole.subarray(0, at), Buffer.from(bytes), whole.subarray(at)]);
    return request(endpoint, `bytes ${bytes} at ${at}`, payload);
  });

const wrongContentType = fc
  .tuple(endpoint, fc.constantFrom(...WRONG_TYPES))
  .map(([endpoint, type]) => request(endpoint, `as ${type}`, JSON.stringify(endpoint.body), type));

const notAnObject = fc
  .tuple(
    endpoint,
    fc.constantFrom('[]', '"text"', '5', 'null', 'true', '', ' ', '[{}]', '{}', '\ufeff', '{"model":"default"}'),
  )
  .map(([endpoint, payload]) => request(endpoint, `the body ${JSON.stringify(payload)}`, payload));

/** Requests that must be refused, each with a 4xx. */
export const badRequest: fc.Arbitrary<SpoiltRequest> = fc.oneof(
  { weight: 8, arbitrary: wrongType },
  { weight: 3, arbitrary: hugeNumber },
  { weight: 2, arbitrary: deepValue },
  { weight: 2, arbitrary: notJson },
  { weight: 2, arbitrary: truncated },
  { weight: 2, arbitrary: brokenUtf8 },
  { weight: 1, arbitrary: wrongContentType },
  { weight: 1, arbitrary: notAnObject },
);

const strangeString = fc
  .tuple(endpoint, position, fc.constantFrom(...STRANGE_STRINGS))
  .map(([endpoint, where, text]) => {
    const path = pick(endpoint.body, where, (value) => typeof value === 'string') ?? pick(endpoint.body, where)!;
    return request(
      endpoint,
      `${JSON.stringify(text)} at ${path.join('.')}`,
      JSON.stringify(withValue(endpoint.body, path, text)),
    );
  });

const strangeKey = fc
  .tuple(endpoint, position, fc.constantFrom('__proto__', 'constructor', 'hasOwnProperty', 'toString', '', '\ud800'))
  .map(([endpoint, where, key]) => {
    const path = pick(endpoint.body, where, isObject) ?? [];
    const inner = JSON.stringify(valueAt(endpoint.body, path));
    const entry = `${JSON.stringify(key)}:{"polluted":true,"prototype":{"polluted":true}}`;
    const text = inner === '{}' ? `{${entry}}` : `{${entry},${inner.slice(1)}`;
    return request(
      endpoint,
      `key ${JSON.stringify(key)} at ${path.join('.')}`,
      path.length === 0 ? text : withText(endpoint.body, path, text),
    );
  });

const longString = fc
  .tuple(endpoint, position, fc.constantFrom('x', '\u{1f600}', '\n', '{'))
  .map(([endpoint, where, text]) => {
    const path = pick(endpoint.body, where, (value) => typeof value === 'string') ?? pick(endpoint.body, where)!;
    const body = withValue(endpoint.body, path, text.repeat(200_000));
    return request(endpoint, `a long string at ${path.join('.')}`, JSON.stringify(body));
  });

const longList = fc.tuple(endpoint, position).map(([endpoint, where]) => {
  const path = pick(endpoint.body, where, (value) => Array.isArray(value)) ?? pick(endpoint.body, where)!;
  const value = valueAt(endpoint.body, path);
  const item = JSON.stringify(Array.isArray(value) ? value[0]! : value);
  const text = `[${new Array(20_000).fill(item).join()}]`;
  return request(endpoint, `a long list at ${path.join('.')}`, withText(endpoint.body, path, text));
});

const deepSchema = fc.tuple(endpoint, position, fc.constantFrom(100, 3000, 50_000)).map(([endpoint, where, depth]) => {
  const path = pick(endpoint.body, where, (_, path) => OPAQUE.has(String(path.at(-1)))) ?? pick(endpoint.body, where)!;
  const text = `${'{"type":"array","items":'.repeat(depth)}true${'}'.repeat(depth)}`;
  return request(endpoint, `${depth} levels of schema at ${path.join('.')}`, withText(endpoint.body, path, text));
});

const wrongSchema = fc.tuple(endpoint, position, fc.jsonValue({ maxDepth: 3 })).map(([endpoint, where, value]) => {
  const path = pick(endpoint.body, where, (_, path) => OPAQUE.has(String(path.at(-1)))) ?? pick(endpoint.body, where)!;
  return request(
    endpoint,
    `anything at ${path.join('.')}`,
    JSON.stringify(withValue(endpoint.body, path, value as Json)),
  );
});

/** Requests that may be answered or refused, but never break anything. */
export const hostileRequest: fc.Arbitrary<SpoiltRequest> = fc.oneof(
  { weight: 6, arbitrary: strangeString },
  { weight: 6, arbitrary: strangeKey },
  { weight: 4, arbitrary: wrongSchema },
  { weight: 2, arbitrary: deepSchema },
  { weight: 1, arbitrary: longString },
  { weight: 1, arbitrary: longList },
);
