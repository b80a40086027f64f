import type { Path, SchemaObject } from './check-schema.ts';
import { areDisjoint } from './disjoint-schemas.ts';
import { alt, anyOfTexts, type Expr, NOTHING, RuleRef, rule, seq } from './expr.ts';
import { GrammarError } from './grammar-error.ts';
import type { JsonWhitespace } from './grammar-spec.ts';
import { anyJson, type JsonLayout, jsonArray, jsonLayout, jsonList, jsonObject } from './json-text.ts';
import { SchemaMerger } from './merge-schemas.ts';
import { arrayOf } from './schema-array.ts';
import { SchemaDocument } from './schema-document.ts';
import type { Json } from './schema-keywords.ts';
import { isNumberFormat, numberOf } from './schema-number.ts';
import { objectOf } from './schema-object.ts';
import { stringOf } from './schema-string.ts';
import { hasOneOfTypes, impliedTypes } from './schema-types.ts';

const MAX_DEPTH = 200;
/** Pairs of choices of oneOf that are compared. */
const MAX_CHOICES = 200;

/**
 * JSON texts that validate against a schema.
 * @param text the schema as JSON
 * @throws GrammarError naming the place in the schema that cannot be followed
 */
export function jsonSchemaExpr(text: string, whitespace: JsonWhitespace): Expr {
  const reader = new SchemaReader(new SchemaDocument(text), jsonLayout(whitespace));
  return reader.readRoot();
}

class SchemaReader {
  readonly #document: SchemaDocument;
  readonly #merger: SchemaMerger;
  readonly #layout: JsonLayout;
  readonly #any: Expr;
  readonly #rules = new Map<string, RuleRef>();
  #depth = 0;

  constructor(document: SchemaDocument, layout: JsonLayout) {
    this.#document = document;
    this.#merger = new SchemaMerger(document);
    this.#layout = layout;
    this.#any = anyJson(layout).value;
  }

  readRoot(): Expr {
    return this.#reference('#', []);
  }

  #read(schema: Json, path: Path): Expr {
    if (this.#depth > MAX_DEPTH) throw new GrammarError('is nested too deeply', path);
    this.#depth++;
    const checked = this.#document.check(schema, path);
    let expr: Expr;
    if (typeof checked === 'boolean') expr = checked ? this.#any : NOTHING;
    else if (checked['$ref'] !== undefined && Object.keys(checked).length === 1) {
      expr = this.#reference(checked['$ref'] as string, path);
    } else expr = this.#readFlat(this.#merger.flatten(schema, path), path);
    this.#depth--;
    return expr;
  }

  /** A rule for each place that is referred to, so that references may lead back. */
  #reference(reference: string, path: Path): Expr {
    const target = this.#document.resolve(reference, path);
    const key = JSON.stringify(target.path);
    const known = this.#rules.get(key);
    if (known !== undefined) return rule(known);
    const ref = new RuleRef(reference.slice(0, 100));
    this.#rules.set(key, ref);
    ref.expr = this.#read(target.schema, target.path);
    return rule(ref);
  }

  #readFlat(schema: SchemaObject | boolean, path: Path): Expr {
    if (typeof schema === 'boolean') return schema ? this.#any : NOTHING;
    const { anyOf, oneOf, ...base } = schema;
    if (anyOf !== undefined)
      return this.#choices(anyOf as readonly Json[], restOf(schema, 'anyOf'), [...path, 'anyOf']);
    if (oneOf !== undefined) {
      const at = [...path, 'oneOf'];
      this.#checkDisjoint(oneOf as readonly Json[], at);
      return this.#choices(oneOf as readonly Json[], base, at);
    }
    if (Object.keys(base).length === 0) return this.#any;
    if (base['enum'] !== undefined) return this.#values(base, path);
    return alt(...impliedTypes(base).map((type) => this.#ofType(type, base, path)));
  }

  #choices(choices: readonly Json[], base: SchemaObject, path: Path): Expr {
    const isPlain = Object.keys(base).length === 0;
    const items = choices.map((choice, index) => {
      const at = [...path, index];
      if (isPlain) return this.#read(choice, at);
      const merged = this.#merger.merge(base, this.#merger.flatten(choice, at), at);
      return this.#read(merged, at);
    });
    return alt(...items);
  }

  #checkDisjoint(choices: readonly Json[], path: Path): void {
    if (choices.length > MAX_CHOICES) throw new GrammarError(`has more than ${MAX_CHOICES} choices`, path);
    choices.forEach((a, i) => {
      for (const b of choices.slice(0, i)) {
        if (areDisjoint(a, b, this.#merger, path)) continue;
        throw new GrammarError('has choices that one value might match at once; use anyOf', path);
      }
    });
  }

  #values(schema: SchemaObject, path: Path): Expr {
    const { enum: values, type, ...others } = schema;
    const [other] = Object.keys(others);
    if (other !== undefined) throw new GrammarError('cannot be combined with enum or const', [...path, other]);
    const types = type === undefined ? null : impliedTypes({ type });
    const allowed = (values as readonly Json[]).filter((value) => types === null || hasOneOfTypes(value, types));
    const scalars = allowed.filter((value) => typeof value !== 'object' || value === null);
    const composites = allowed.filter((value) => typeof value === 'object' && value !== null);
    const exprs = composites.map((value) => this.#constant(value));
    return scalars.length === 0
      ? alt(...exprs)
      : alt(anyOfTexts(scalars.map((value) => JSON.stringify(value))), ...exprs);
  }

  #constant(value: Json): Expr {
    if (typeof value !== 'object' || value === null) return seq(JSON.stringify(value));
    const layout = this.#layout;
    const items = Array.isArray(value)
      ? value.map((item) => this.#constant(item as Json))
      : Object.entries(value).map(([name, item]) => seq(JSON.stringify(name), layout.colon, this.#constant(item)));
    const members = items.map((expr) => ({ expr, isRequired: true }));
    return Array.isArray(value)
      ? jsonArray(jsonList(members, null, layout), layout)
      : jsonObject(members, null, layout);
  }

  #ofType(type: string, schema: SchemaObject, path: Path): Expr {
    const read = (inner: Json, innerPath: Path): Expr => this.#read(inner, innerPath);
    switch (type) {
      case 'object':
        return objectOf(schema, path, this.#layout, read);
      case 'array':
        return arrayOf(schema, path, this.#layout, read);
      case 'string':
        return stringOf(withoutNumberFormat(schema), path);
      case 'boolean':
        return alt('true', 'false');
      case 'null':
        return seq('null');
      default:
        return numberOf(schema, type === 'integer', path);
    }
  }
}

function restOf(schema: SchemaObject, keyword: string): SchemaObject {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== keyword));
}

/** A format of numbers says nothing about strings, and there may be both. */
function withoutNumberFormat(schema: SchemaObject): SchemaObject {
  const { format } = schema;
  return typeof format === 'string' && isNumberFormat(format) ? restOf(schema, 'format') : schema;
}
