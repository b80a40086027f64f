import { ALL_CODE_POINTS } from './code-points.ts';
import { anyOfTexts, chars, type Expr, repeat, rule, seq } from './expr.ts';
import { GrammarError } from './grammar-error.ts';
import type { GrammarSpec, JsonSchemaSpec } from './grammar-spec.ts';
import { anyJson, jsonLayout } from './json-text.ts';
import { parseEbnf } from './parse-ebnf.ts';
import { fullMatch } from './regex-expr.ts';
import { jsonSchemaExpr } from './schema-expr.ts';

const MAX_CHOICES_LENGTH = 1_000_000;
/** Any text; rules for it are the same in all grammars, and share what is found out about them. */
const ANY_TEXT = repeat(chars(ALL_CODE_POINTS), 0, Infinity);

/**
 * The right-hand side that a spec means.
 * @param literal what a literal stands for, special tokens in it included
 * @throws GrammarError naming the place in the spec that cannot be followed
 */
export function specExpr(spec: GrammarSpec, literal: (text: string) => Expr): Expr {
  switch (spec.type) {
    case 'jsonObject':
      return anyJson(jsonLayout(spec.whitespace ?? 'any')).object;
    case 'jsonSchema':
      return schemaExpr(spec);
    case 'regex':
      return fullMatch(spec.pattern);
    case 'choice':
      if (spec.choices.reduce((sum, choice) => sum + choice.length, 0) > MAX_CHOICES_LENGTH) {
        throw new GrammarError(`is longer than ${MAX_CHOICES_LENGTH} characters`);
      }
      return anyOfTexts(spec.choices);
    case 'ebnf':
      return rule(parseEbnf(spec.grammar, literal));
    case 'literal':
      return literal(spec.text);
    case 'anyText':
      return ANY_TEXT;
    case 'sequence':
      return seq(...spec.items.map((item) => specExpr(item, literal)));
    case 'anyOf':
      return { kind: 'alt', items: spec.items.map((item) => specExpr(item, literal)) };
    case 'repeat':
      return repeat(specExpr(spec.item, literal), spec.min, spec.max ?? Infinity);
  }
}

function schemaExpr({ schema, whitespace = 'any', param }: JsonSchemaSpec): Expr {
  try {
    return jsonSchemaExpr(schema, whitespace);
  } catch (error) {
    if (!(error instanceof GrammarError) || param === undefined) throw error;
    throw new GrammarError(error.message, error.path, param);
  }
}
