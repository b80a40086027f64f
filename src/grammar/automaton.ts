import { EDGE_WORDS, EdgeKind } from './compiled-grammar.ts';
import { GrammarError } from './grammar-error.ts';

/** States of all rules of one grammar. */
const MAX_STATES = 200_000;

/** Counts states over all rules of a grammar, so that repetition cannot multiply without end. */
export class StateBudget {
  #left = MAX_STATES;

  /** @throws GrammarError when the grammar has become too large */
  take(): void {
    if (--this.#left < 0) throw new GrammarError('is too large: it repeats too much');
  }
}

/** An automaton under construction. */
export class Automaton {
  readonly #budget: StateBudget;
  readonly #edges: number[][] = [];

  constructor(budget: StateBudget) {
    this.#budget = budget;
  }

  addState(): number {
    this.#budget.take();
    this.#edges.push([]);
    return this.#edges.length - 1;
  }

  addEdge(from: number, kind: number, a: number, b: number, to: number): void {
    this.#edges[from]!.push(kind, a, b, to);
  }

  addEpsilon(from: number, to: number): void {
    if (from !== to) this.addEdge(from, EdgeKind.epsilon, 0, 0, to);
  }

  /** Drops states from which `accept` cannot be reached and lays the edges out flat. */
  finish(accept: number): { edgeStart: Int32Array; edges: Int32Array } {
    const isUseful = this.#statesBefore(accept);
    const numStates = this.#edges.length;
    const edgeStart = new Int32Array(numStates + 1);
    const flat: number[] = [];
    for (let state = 0; state < numStates; state++) {
      edgeStart[state] = flat.length / EDGE_WORDS;
      const edges = this.#edges[state]!;
      for (let i = 0; isUseful[state] && i < edges.length; i += EDGE_WORDS) {
        if (isUseful[edges[i + 3]!]) flat.push(edges[i]!, edges[i + 1]!, edges[i + 2]!, edges[i + 3]!);
      }
    }
    edgeStart[numStates] = flat.length / EDGE_WORDS;
    return { edgeStart, edges: Int32Array.from(flat) };
  }

  #statesBefore(accept: number): Uint8Array {
    const sources: number[][] = this.#edges.map(() => []);
    this.#edges.forEach((edges, state) => {
      for (let i = 3; i < edges.length; i += EDGE_WORDS) sources[edges[i]!]!.push(state);
    });
    const found = new Uint8Array(this.#edges.length);
    found[accept] = 1;
    const queue = [accept];
    for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
      for (const source of sources[state]!) {
        if (found[source]) continue;
        found[source] = 1;
        queue.push(source);
      }
    }
    return found;
  }
}
