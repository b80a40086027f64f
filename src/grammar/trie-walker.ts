import type { Frame } from './frame.ts';
import type { Positions } from './positions.ts';
import { DEAD, type RuleMachine, UNKNOWN } from './rule-machine.ts';
import { STEP_COST, type StepBudget } from './step-budget.ts';
import type { TokenSetBuilder } from './token-set.ts';
import type { TokenTrieData } from './token-trie.ts';
import type { Tracer } from './tracer.ts';

/** Finds the tokens whose bytes can follow, by going down the trie and through the grammar together. */
export class TrieWalker {
  readonly #trie: TokenTrieData;
  readonly #tracer: Tracer;
  readonly budget: StepBudget;

  constructor(trie: TokenTrieData, tracer: Tracer, budget: StepBudget) {
    this.#trie = trie;
    this.#tracer = tracer;
    this.budget = budget;
  }

  /** Adds tokens below `node` that can follow, and the nodes where the bottom frame is reached. */
  walk(node: number, from: Positions, into: TokenSetBuilder): void {
    const only = from.items.length === 1 && !from.isComplete ? from.items[0]! : null;
    if (only !== null && only.span === null && only.machine.isPlain(only.state)) {
      this.#walkPlain(node, only.machine, only.state, only.frame, into);
      return;
    }
    const { bytes, ends } = this.#trie;
    const end = ends[node]!;
    const cost = STEP_COST * from.items.length;
    for (let child = node + 1; child < end; child = ends[child]!) {
      this.budget.take(cost);
      this.visit(child, this.#tracer.step(from, bytes[child]!), into);
    }
  }

  /** As {@link walk}, from a state alone: without the rules that it calls and what comes after its own. */
  walkState(node: number, machine: RuleMachine, state: number, frame: Frame, into: TokenSetBuilder): void {
    this.#walkPlain(node, machine, state, frame, into);
  }

  /** Adds what `node` spells, when its bytes have led to `positions`, and goes on below it. */
  visit(node: number, positions: Positions, into: TokenSetBuilder): void {
    if (positions.isDead) return;
    this.addTokensAt(node, into.tokens);
    if (this.#trie.ends[node] === node + 1) return;
    if (positions.isComplete) into.exits.push(node);
    if (positions.items.length > 0) this.walk(node, positions, into);
  }

  addTokensAt(node: number, into: number[]): void {
    for (let id = this.#trie.tokens[node]!; id >= 0; id = this.#trie.twins[id]!) into.push(id);
  }

  /** One reading, one rule: table look-ups only. */
  #walkPlain(node: number, machine: RuleMachine, state: number, frame: Frame, into: TokenSetBuilder): void {
    const { bytes, ends, tokens } = this.#trie;
    const row = machine.row(state);
    const end = ends[node]!;
    let steps = 0;
    for (let child = node + 1; child < end; child = ends[child]!) {
      steps++;
      const byte = bytes[child]!;
      const known = row[byte]!;
      const next = known === UNKNOWN ? machine.resolve(state, byte) : known;
      if (next === DEAD) continue;
      if (!machine.isPlain(next)) {
        steps += STEP_COST;
        this.visit(child, this.#tracer.at(machine, next, frame), into);
        continue;
      }
      if (tokens[child]! >= 0) this.addTokensAt(child, into.tokens);
      if (ends[child]! > child + 1) this.#walkPlain(child, machine, next, frame, into);
    }
    this.budget.take(steps);
  }
}
