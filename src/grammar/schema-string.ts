import type { Path, SchemaObject } from './check-schema.ts';
import { type Expr, seq } from './expr.ts';
import { GrammarError } from './grammar-error.ts';
import { jsonString } from './json-text.ts';
import { jsonStringMatching } from './regex-expr.ts';
import { isAnnotationFormat, stringFormat } from './string-formats.ts';

/** Strings of a flat schema. @throws GrammarError naming the keyword that cannot be followed */
export function stringOf(schema: SchemaObject, path: Path): Expr {
  const min = (schema['minLength'] as number | undefined) ?? 0;
  const max = (schema['maxLength'] as number | undefined) ?? Infinity;
  const pattern = schema['pattern'] as string | undefined;
  const format = schema['format'] as string | undefined;
  if (format !== undefined && !isAnnotationFormat(format)) {
    const expr = stringFormat(format);
    if (expr === null) throw new GrammarError('is a format that this server does not enforce', [...path, 'format']);
    for (const keyword of ['pattern', 'minLength', 'maxLength']) {
      if (schema[keyword] === undefined || (keyword === 'minLength' && min <= 1)) continue;
      throw new GrammarError('cannot be combined with format', [...path, keyword]);
    }
    return seq('"', expr, '"');
  }
  if (pattern === undefined) return jsonString(min, max);
  try {
    return jsonStringMatching(pattern, min, max);
  } catch (error) {
    if (error instanceof GrammarError) throw new GrammarError(error.message, [...path, 'pattern']);
    throw error;
  }
}
