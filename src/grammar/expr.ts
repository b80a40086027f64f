import type { CodePoints } from './code-points.ts';

/** A grammar's right-hand side: regular expressions over characters, with references to rules. */
export type Expr =
  /** One character of a set; an empty set matches nothing. */
  | { readonly kind: 'chars'; readonly set: CodePoints }
  | { readonly kind: 'text'; readonly text: string }
  /** One special token. */
  | { readonly kind: 'token'; readonly tokenId: number }
  | { readonly kind: 'seq'; readonly items: readonly Expr[] }
  /** No items: matches nothing. */
  | { readonly kind: 'alt'; readonly items: readonly Expr[] }
  | { readonly kind: 'repeat'; readonly item: Expr; readonly min: number; readonly max: number }
  /**
   * Members in this order, optional ones may be missing, then any number of `rest`; `separator` between any two that are
   * there, and `end` after the last if there are any.
   */
  | {
      readonly kind: 'members';
      readonly items: readonly Member[];
      readonly separator: Expr;
      readonly rest: Expr | null;
      readonly end: Expr;
    }
  | { readonly kind: 'rule'; readonly rule: RuleRef };

export interface Member {
  readonly expr: Expr;
  readonly isRequired: boolean;
}

/** A rule, which may refer to itself; its right-hand side is set once it is known. */
export class RuleRef {
  readonly name: string;
  expr: Expr;

  constructor(name: string, expr: Expr = NOTHING) {
    this.name = name;
    this.expr = expr;
  }
}

export const EMPTY: Expr = { kind: 'seq', items: [] };
export const NOTHING: Expr = { kind: 'alt', items: [] };

export function chars(set: CodePoints): Expr {
  return { kind: 'chars', set };
}

export function text(value: string): Expr {
  return { kind: 'text', text: value };
}

export function seq(...items: readonly (Expr | string)[]): Expr {
  return { kind: 'seq', items: items.map(toExpr) };
}

export function alt(...items: readonly (Expr | string)[]): Expr {
  return items.length === 1 ? toExpr(items[0]!) : { kind: 'alt', items: items.map(toExpr) };
}

export function optional(item: Expr): Expr {
  return { kind: 'alt', items: [EMPTY, item] };
}

/** @param max Infinity: any number of times */
export function repeat(item: Expr, min: number, max: number): Expr {
  if (min === 1 && max === 1) return item;
  return max === 0 ? EMPTY : { kind: 'repeat', item, min, max };
}

export function rule(ref: RuleRef): Expr {
  return { kind: 'rule', rule: ref };
}

function toExpr(item: Expr | string): Expr {
  return typeof item === 'string' ? text(item) : item;
}

/** One of several texts, sharing their beginnings, so that a long list stays cheap to follow. */
export function anyOfTexts(texts: readonly string[]): Expr {
  return anyOfTails([...new Set(texts)].sort().map((value) => Array.from(value)));
}

function anyOfTails(tails: readonly (readonly string[])[]): Expr {
  const groups = new Map<string, (readonly string[])[]>();
  let hasEnd = false;
  for (const tail of tails) {
    const [head] = tail;
    if (head === undefined) {
      hasEnd = true;
      continue;
    }
    const group = groups.get(head);
    if (group === undefined) groups.set(head, [tail]);
    else group.push(tail);
  }
  const items = [...groups.values()].map((group) => {
    const shared = sharedLength(group);
    const rest = group.map((tail) => tail.slice(shared));
    return seq(text(group[0]!.slice(0, shared).join('')), anyOfTails(rest));
  });
  return hasEnd ? alt(EMPTY, ...items) : alt(...items);
}

function sharedLength(tails: readonly (readonly string[])[]): number {
  const first = tails[0]!;
  let length = first.length;
  for (const tail of tails) {
    let i = 0;
    while (i < length && tail[i] === first[i]) i++;
    length = i;
  }
  return length;
}
