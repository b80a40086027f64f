import type { CompiledRule } from './compiled-grammar.ts';
import { DEAD, RuleMachine } from './rule-machine.ts';

/** More states than any set of characters or escapes needs. */
const MAX_UNIT_STATES = 64;

/** Whether no match of a rule without calls is the beginning of another one, and none is empty. */
export function hasClearEnds(rule: CompiledRule): boolean {
  if (rule.isNullable) return false;
  const machine = new RuleMachine(rule);
  const found = new Set([machine.start]);
  for (const state of found) {
    if (machine.tokens(state).length > 0 || found.size > MAX_UNIT_STATES) return false;
    if (machine.isAccepting(state) && !machine.isEnd(state)) return false;
    for (let byte = 0; byte < 256; byte++) {
      const next = machine.next(state, byte);
      // Coming back to the start in the middle would look like an end.
      if (next === machine.start) return false;
      if (next !== DEAD) found.add(next);
    }
  }
  return true;
}
