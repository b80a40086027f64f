import type { Path, SchemaObject } from './check-schema.ts';
import { ALL_CODE_POINTS, codePoints, complement } from './code-points.ts';
import { alt, EMPTY, type Expr, type Member, RuleRef, repeat, rule, seq } from './expr.ts';
import { GrammarError } from './grammar-error.ts';
import { type JsonLayout, jsonChars, jsonObject, jsonString } from './json-text.ts';
import type { Json } from './schema-keywords.ts';

type Read = (schema: Json, path: Path) => Expr;

const ANY_CHARS = repeat(jsonChars(ALL_CODE_POINTS), 0, Infinity);

/**
 * Objects of a flat schema: its properties in their order, optional ones may be missing; then, if they are allowed,
 * others. Without `additionalProperties`, others are written only where no properties are listed.
 */
export function objectOf(schema: SchemaObject, path: Path, layout: JsonLayout, read: Read): Expr {
  const properties = (schema['properties'] ?? {}) as SchemaObject;
  const required = new Set((schema['required'] ?? []) as readonly string[]);
  const additional = schema['additionalProperties'] as Json | undefined;
  const items: Member[] = [];
  const add = (name: string, value: Json, valuePath: Path): void => {
    if (value === false) {
      if (required.has(name)) throw new GrammarError(`is required, but no value of it is allowed`, valuePath);
      return;
    }
    const expr = seq(JSON.stringify(name), layout.colon, read(value, valuePath));
    items.push({ expr, isRequired: required.has(name) });
  };
  for (const [name, value] of Object.entries(properties)) add(name, value, [...path, 'properties', name]);
  for (const name of required) {
    if (!Object.hasOwn(properties, name)) add(name, additional ?? true, [...path, 'additionalProperties']);
  }
  const isOpen = additional === undefined ? Object.keys(properties).length === 0 : additional !== false;
  let rest: Expr | null = null;
  if (isOpen) {
    const names = [...new Set([...Object.keys(properties), ...required])];
    const value = read(additional ?? true, [...path, 'additionalProperties']);
    rest = seq(names.length === 0 ? jsonString(0, Infinity) : nameOtherThan(names), layout.colon, value);
  }
  return jsonObject(items, rest, layout);
}

/** Strings other than these: a second value for a listed property would replace the first. */
function nameOtherThan(names: readonly string[]): Expr {
  const tails = names.map((name) => Array.from(name, (char) => char.codePointAt(0)!));
  return rule(new RuleRef('other property', seq('"', otherThan(tails), '"')));
}

function otherThan(tails: readonly (readonly number[])[]): Expr {
  const byHead = new Map<number, (readonly number[])[]>();
  let isName = false;
  for (const tail of tails) {
    const [head] = tail;
    if (head === undefined) isName = true;
    else byHead.set(head, [...(byHead.get(head) ?? []), tail.slice(1)]);
  }
  const heads = codePoints([...byHead.keys()].map((head) => [head, head] as const));
  const items = [...byHead].map(([head, rest]) => seq(jsonChars([[head, head]]), otherThan(rest)));
  items.push(seq(jsonChars(complement(heads)), ANY_CHARS));
  return isName ? alt(...items) : alt(EMPTY, ...items);
}
