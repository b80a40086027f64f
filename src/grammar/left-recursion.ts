import { type CompiledRule, EDGE_WORDS, EdgeKind } from './compiled-grammar.ts';
import { GrammarError } from './grammar-error.ts';

/**
 * A rule that calls itself before it has matched anything can be called for ever.
 * @throws GrammarError naming such a rule
 */
export function checkLeftRecursion(rules: readonly CompiledRule[]): void {
  const isDone = new Uint8Array(rules.length);
  for (let root = 0; root < rules.length; root++) {
    // Depth-first, with the rules above each one, without recursion: chains of rules may be long.
    const path: { readonly rule: number; readonly calls: number[] }[] = [];
    const isOnPath = new Set<number>();
    const enter = (rule: number): void => {
      if (isOnPath.has(rule)) {
        throw new GrammarError(`refers to itself without an end: "${rules[rule]!.name}" begins with itself`);
      }
      if (isDone[rule]) return;
      isOnPath.add(rule);
      path.push({ rule, calls: firstCalls(rules[rule]!) });
    };
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.calls.pop();
      if (next !== undefined) {
        enter(next);
      } else {
        isDone[top.rule] = 1;
        isOnPath.delete(top.rule);
        path.pop();
      }
    }
  }
}

/** Rules that are called before any byte. */
function firstCalls({ start, edgeStart, edges }: CompiledRule): number[] {
  const seen = new Set([start]);
  const calls = new Set<number>();
  for (const state of seen) {
    for (let i = edgeStart[state]! * EDGE_WORDS; i < edgeStart[state + 1]! * EDGE_WORDS; i += EDGE_WORDS) {
      if (edges[i] === EdgeKind.epsilon) seen.add(edges[i + 3]!);
      if (edges[i] === EdgeKind.call) calls.add(edges[i + 1]!);
    }
  }
  return [...calls];
}
