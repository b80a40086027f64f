import type { Path, SchemaObject } from './check-schema.ts';
import { alt, EMPTY, type Expr, NOTHING, repeat, seq } from './expr.ts';
import { GrammarError } from './grammar-error.ts';
import { type JsonLayout, jsonArray } from './json-text.ts';
import type { Json } from './schema-keywords.ts';

type Read = (schema: Json, path: Path) => Expr;

/** Arrays of a flat schema. After `prefixItems` others follow only if `items` says of what kind, or if minItems asks for them. */
export function arrayOf(schema: SchemaObject, path: Path, layout: JsonLayout, read: Read): Expr {
  const { prefix, prefixKey, rest, restKey } = itemsOf(schema);
  const min = (schema['minItems'] as number | undefined) ?? 0;
  const max = (schema['maxItems'] as number | undefined) ?? Infinity;
  if (min > max) throw new GrammarError('is less than minItems', [...path, 'maxItems']);
  const others = rest ?? (prefix.length === 0 || min > prefix.length);
  const other = others === false ? null : read(others, [...path, restKey]);
  const most = other === null ? Math.min(max, prefix.length) : max;
  if (min > most) throw new GrammarError('is more items than are allowed', [...path, 'minItems']);

  // From the end: what may follow after the first i items.
  const numFirst = Math.min(Math.max(prefix.length, 1), most);
  let tail = EMPTY;
  if (other !== null && most > numFirst) {
    tail = repeat(seq(layout.comma, other), Math.max(min - numFirst, 0), most - numFirst);
  }
  tail = seq(tail, layout.inside);
  for (let i = numFirst - 1; i >= 0; i--) {
    const item = i < prefix.length ? read(prefix[i]!, [...path, prefixKey, i]) : (other ?? NOTHING);
    const here = seq(i > 0 ? layout.comma : EMPTY, item, tail);
    const mayEnd = i === 0 ? EMPTY : layout.inside;
    tail = i < min ? here : alt(mayEnd, here);
  }
  return jsonArray(numFirst === 0 ? EMPTY : tail, layout);
}

/** The two spellings: `prefixItems` and `items`, and before 2020 `items` as an array and `additionalItems`. */
function itemsOf(schema: SchemaObject) {
  const items = schema['items'];
  if (Array.isArray(items)) {
    const rest = schema['additionalItems'] as Json | undefined;
    return { prefix: items as readonly Json[], prefixKey: 'items', rest, restKey: 'additionalItems' };
  }
  const prefix = (schema['prefixItems'] ?? []) as readonly Json[];
  return { prefix, prefixKey: 'prefixItems', rest: items as Json | undefined, restKey: 'items' };
}
