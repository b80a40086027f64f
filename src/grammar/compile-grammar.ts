import { buildGrammar } from './build-grammar.ts';
import type { CompiledGrammar } from './compiled-grammar.ts';
import { RuleRef } from './expr.ts';
import { GrammarError } from './grammar-error.ts';
import type { GrammarSpec } from './grammar-spec.ts';
import { literalsWith, type SpecialToken } from './literal-expr.ts';
import { specExpr } from './spec-expr.ts';

/**
 * Compiles what an output must match. No vocabulary is needed but its special tokens: masks are made while outputs grow.
 * @throws GrammarError saying what cannot be compiled, and where it is
 */
export function compileGrammar(spec: GrammarSpec, specialTokens: readonly SpecialToken[]): CompiledGrammar {
  try {
    return buildGrammar(new RuleRef('root', specExpr(spec, literalsWith(specialTokens))));
  } catch (error) {
    // What is nested beyond the stack is beyond any use.
    if (error instanceof RangeError) throw new GrammarError('is nested too deeply');
    throw error;
  }
}
