import { Automaton, type StateBudget } from './automaton.ts';
import type { CodePoints } from './code-points.ts';
import { type CompiledRule, EDGE_WORDS, EdgeKind } from './compiled-grammar.ts';
import type { Expr } from './expr.ts';
import type { RuleFacts } from './rule-facts.ts';
import { utf8Sequences } from './utf8-ranges.ts';

/** Repetitions that are counted at run time; shorter ones are written out. */
const MIN_SPAN = 9;
const UTF8 = new TextEncoder();

/** What building one rule needs to know of the others. */
export interface RuleContext {
  readonly facts: RuleFacts;
  readonly budget: StateBudget;
  indexOf(ref: Extract<Expr, { kind: 'rule' }>): number;
  /** Index of a span over `unit`, or null when its matches have no clear ends. */
  spanOf(unit: Expr, min: number, max: number): number | null;
}

/** Builds the automaton of a right-hand side (Thompson's construction). @throws GrammarError when it becomes too large */
export function buildRule(name: string, expr: Expr, context: RuleContext): Omit<CompiledRule, 'contentKey'> {
  const builder = new RuleBuilder(context);
  return builder.build(name, expr);
}

/** Whether a rule is complete in itself. */
export function isLeaf({ edges }: Pick<CompiledRule, 'edges'>): boolean {
  for (let i = 0; i < edges.length; i += EDGE_WORDS) {
    if (edges[i] === EdgeKind.call || edges[i] === EdgeKind.span) return false;
  }
  return true;
}

class RuleBuilder {
  readonly #context: RuleContext;
  readonly #automaton: Automaton;

  constructor(context: RuleContext) {
    this.#context = context;
    this.#automaton = new Automaton(context.budget);
  }

  build(name: string, expr: Expr): Omit<CompiledRule, 'contentKey'> {
    const start = this.#automaton.addState();
    const accept = this.#automaton.addState();
    this.#add(expr, start, accept);
    return { name, start, accept, isNullable: this.#context.facts.isNullable(expr), ...this.#automaton.finish(accept) };
  }

  /** Adds paths for `expr` from one state to another. Nothing may lead back into `from` or out of `to` but what is meant to. */
  #add(expr: Expr, from: number, to: number): void {
    const automaton = this.#automaton;
    switch (expr.kind) {
      case 'chars':
        this.#addChars(expr.set, from, to);
        break;
      case 'text':
        this.#addText(expr.text, from, to);
        break;
      case 'token':
        automaton.addEdge(from, EdgeKind.token, expr.tokenId, 0, to);
        break;
      case 'seq':
        this.#addSequence(expr.items, from, to);
        break;
      case 'alt':
        for (const item of expr.items) this.#add(item, from, to);
        break;
      case 'repeat':
        this.#addRepeat(expr, from, to);
        break;
      case 'members':
        this.#addMembers(expr, from, to);
        break;
      case 'rule':
        if (!this.#context.facts.isProductive(expr)) break;
        automaton.addEdge(from, EdgeKind.call, this.#context.indexOf(expr), 0, to);
        if (this.#context.facts.isNullable(expr)) automaton.addEpsilon(from, to);
        break;
    }
  }

  #addChars(set: CodePoints, from: number, to: number): void {
    for (const [low, high] of set) {
      for (const sequence of utf8Sequences(low, high)) {
        let state = from;
        sequence.forEach(([first, last], i) => {
          const next = i === sequence.length - 1 ? to : this.#automaton.addState();
          this.#automaton.addEdge(state, EdgeKind.bytes, first, last, next);
          state = next;
        });
      }
    }
  }

  #addText(text: string, from: number, to: number): void {
    let state = from;
    for (const byte of UTF8.encode(text)) {
      const next = this.#automaton.addState();
      this.#automaton.addEdge(state, EdgeKind.bytes, byte, byte, next);
      state = next;
    }
    this.#automaton.addEpsilon(state, to);
  }

  #addSequence(items: readonly Expr[], from: number, to: number): void {
    let state = from;
    for (const item of items) {
      const next = this.#automaton.addState();
      this.#add(item, state, next);
      state = next;
    }
    this.#automaton.addEpsilon(state, to);
  }

  #addRepeat({ item, min, max }: Extract<Expr, { kind: 'repeat' }>, from: number, to: number): void {
    const least = this.#context.facts.isNullable(item) ? 0 : min;
    if (least >= MIN_SPAN || (max >= MIN_SPAN && max !== Infinity)) {
      const span = this.#context.spanOf(item, least, max);
      if (span !== null) {
        this.#automaton.addEdge(from, EdgeKind.span, span, 0, to);
        if (least === 0) this.#automaton.addEpsilon(from, to);
        return;
      }
    }
    let state = from;
    for (let i = 0; i < least; i++) state = this.#addAfter(item, state);
    if (max === Infinity) {
      const loop = this.#automaton.addState();
      this.#automaton.addEpsilon(state, loop);
      this.#automaton.addEpsilon(this.#addAfter(item, loop), loop);
      this.#automaton.addEpsilon(loop, to);
      return;
    }
    for (let i = least; i < max; i++) {
      this.#automaton.addEpsilon(state, to);
      state = this.#addAfter(item, state);
    }
    this.#automaton.addEpsilon(state, to);
  }

  #addMembers(expr: Extract<Expr, { kind: 'members' }>, from: number, to: number): void {
    const { items, separator, rest, end } = expr;
    const automaton = this.#automaton;
    // Two rows of states: nothing has been written yet, and something has, so that a separator comes first.
    let first = automaton.addState();
    let later = automaton.addState();
    automaton.addEpsilon(from, first);
    for (const { expr: item, isRequired } of items) {
      const entry = automaton.addState();
      const nextLater = automaton.addState();
      const nextFirst = automaton.addState();
      automaton.addEpsilon(first, entry);
      this.#add(separator, later, entry);
      this.#add(item, entry, nextLater);
      if (!isRequired) {
        automaton.addEpsilon(first, nextFirst);
        automaton.addEpsilon(later, nextLater);
      }
      first = nextFirst;
      later = nextLater;
    }
    automaton.addEpsilon(first, to);
    if (rest !== null) {
      const entry = automaton.addState();
      automaton.addEpsilon(first, entry);
      this.#add(separator, later, entry);
      this.#add(rest, entry, later);
    }
    this.#add(end, later, to);
  }

  #addAfter(item: Expr, from: number): number {
    const to = this.#automaton.addState();
    this.#add(item, from, to);
    return to;
  }
}
