import type { Expr, RuleRef } from './expr.ts';

/** What is known of all rules before automata are built; found by going through them until nothing changes. */
export interface RuleFacts {
  /** In the order of discovery, the root first. */
  readonly rules: readonly RuleRef[];
  /** Whether it matches the empty text. */
  isNullable(expr: Expr): boolean;
  /** Whether it matches any text at all. */
  isProductive(expr: Expr): boolean;
}

export function findRuleFacts(root: RuleRef): RuleFacts {
  const rules = reachableRules(root);
  const nullable = leastFixpoint(rules, isNullable);
  const productive = leastFixpoint(rules, isProductive);
  return {
    rules,
    isNullable: (expr) => isNullable(expr, nullable),
    isProductive: (expr) => isProductive(expr, productive),
  };
}

function reachableRules(root: RuleRef): RuleRef[] {
  const found = new Set([root]);
  for (const ref of found) forEachRule(ref.expr, (called) => found.add(called));
  return [...found];
}

function forEachRule(expr: Expr, visit: (ref: RuleRef) => void): void {
  switch (expr.kind) {
    case 'rule':
      visit(expr.rule);
      break;
    case 'seq':
    case 'alt':
      for (const item of expr.items) forEachRule(item, visit);
      break;
    case 'repeat':
      forEachRule(expr.item, visit);
      break;
    case 'members':
      for (const { expr: item } of expr.items) forEachRule(item, visit);
      forEachRule(expr.separator, visit);
      forEachRule(expr.end, visit);
      if (expr.rest !== null) forEachRule(expr.rest, visit);
      break;
  }
}

/** The rules for which `holds`, which may only ask about rules through the set, comes out true. */
function leastFixpoint(
  rules: readonly RuleRef[],
  holds: (expr: Expr, known: ReadonlySet<RuleRef>) => boolean,
): ReadonlySet<RuleRef> {
  const known = new Set<RuleRef>();
  for (let before = -1; before < known.size; ) {
    before = known.size;
    for (const ref of rules) if (!known.has(ref) && holds(ref.expr, known)) known.add(ref);
  }
  return known;
}

function isNullable(expr: Expr, known: ReadonlySet<RuleRef>): boolean {
  switch (expr.kind) {
    case 'chars':
    case 'token':
      return false;
    case 'text':
      return expr.text === '';
    case 'seq':
      return expr.items.every((item) => isNullable(item, known));
    case 'alt':
      return expr.items.some((item) => isNullable(item, known));
    case 'repeat':
      return expr.min === 0 || isNullable(expr.item, known);
    case 'members':
      return expr.items.every(({ isRequired }) => !isRequired);
    case 'rule':
      return known.has(expr.rule);
  }
}

function isProductive(expr: Expr, known: ReadonlySet<RuleRef>): boolean {
  switch (expr.kind) {
    case 'chars':
      return expr.set.length > 0;
    case 'text':
    case 'token':
      return true;
    case 'seq':
      return expr.items.every((item) => isProductive(item, known));
    case 'alt':
      return expr.items.some((item) => isProductive(item, known));
    case 'repeat':
      return expr.min === 0 || isProductive(expr.item, known);
    case 'members':
      return expr.items.every(({ expr: item, isRequired }) => !isRequired || isProductive(item, known));
    case 'rule':
      return known.has(expr.rule);
  }
}
