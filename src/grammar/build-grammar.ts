import { createHash } from 'node:crypto';
import { StateBudget } from './automaton.ts';
import { buildRule, isLeaf, type RuleContext } from './build-rule.ts';
import { hasClearEnds } from './clear-ends.ts';
import type { CompiledGrammar, CompiledRule, CompiledSpan } from './compiled-grammar.ts';
import { alt, type Expr, optional, RuleRef, rule, seq, text } from './expr.ts';
import { GrammarError } from './grammar-error.ts';
import { checkLeftRecursion } from './left-recursion.ts';
import { findRuleFacts } from './rule-facts.ts';

/**
 * Turns rules into automata.
 * @throws GrammarError when nothing matches, when a rule begins with itself, or when it becomes too large
 */
export function buildGrammar(root: RuleRef): CompiledGrammar {
  const mayHaveSpace = new RuleRef('root after a possible space', seq(optional(text(' ')), rule(root)));
  const hasSpace = new RuleRef('root after a space', seq(' ', rule(root)));
  const entries = new RuleRef('entries', alt(rule(mayHaveSpace), rule(hasSpace)));
  const facts = findRuleFacts(entries);
  if (!facts.isProductive(rule(root))) throw new GrammarError('cannot be met by any output');
  const budget = new StateBudget();
  const rules: (CompiledRule | undefined)[] = facts.rules.map(() => undefined);
  const indexes = new Map(facts.rules.map((ref, index) => [ref, index] as const));
  const spans: CompiledSpan[] = [];
  const units = new Map<Expr, number | null>();
  const unitsByContent = new Map<string, number>();
  const spanIndexes = new Map<string, number>();

  const unitOf = (unit: Expr): number | null => {
    const known = units.get(unit);
    if (known !== undefined) return known;
    const compiled = finish(buildRule('unit', unit, context));
    let index: number | null = null;
    if (compiled.contentKey !== null && facts.isProductive(unit) && hasClearEnds(compiled)) {
      index = unitsByContent.get(compiled.contentKey) ?? rules.push(compiled) - 1;
      unitsByContent.set(compiled.contentKey, index);
    }
    units.set(unit, index);
    return index;
  };
  const context: RuleContext = {
    facts,
    budget,
    indexOf: (expr) => indexes.get(expr.rule)!,
    spanOf: (unit, min, max) => {
      const index = unitOf(unit);
      if (index === null) return null;
      // Equal spans are one, so that places that differ in nothing else are one place.
      const key = `${index} ${min} ${max}`;
      const span = spanIndexes.get(key) ?? spans.push({ unit: index, min, max }) - 1;
      spanIndexes.set(key, span);
      return span;
    },
  };
  facts.rules.forEach((ref, index) => {
    rules[index] = finish(buildRule(ref.name, ref.expr, context));
  });
  const built = rules as CompiledRule[];
  checkLeftRecursion(built);
  const numBytes = built.reduce((sum, { edgeStart, edges }) => sum + edgeStart.byteLength + edges.byteLength, 0);
  return {
    rules: built,
    spans,
    root: indexes.get(root)!,
    mayHaveSpaceRoot: indexes.get(mayHaveSpace)!,
    hasSpaceRoot: indexes.get(hasSpace)!,
    numBytes,
  };
}

function finish(built: Omit<CompiledRule, 'contentKey'>): CompiledRule {
  if (!isLeaf(built)) return { ...built, contentKey: null };
  const hash = createHash('sha256')
    .update(built.edgeStart)
    .update(built.edges)
    .update(`${built.start},${built.accept}`);
  return { ...built, contentKey: hash.digest('base64url') };
}
