import { DEAD, type RuleMachine } from './rule-machine.ts';

/** States of what is left of a rule, at most, for it to have a key. */
const MAX_STATES = 8;

/**
 * A text that is the same for states from which the same can follow up to the end of their rules, whatever rules they
 * are of; null where that is not simple.
 */
export function residualKey(machine: RuleMachine, state: number): string | null {
  const order = new Map([[state, 0]]);
  const parts: string[] = [];
  for (const [current] of order) {
    if (machine.calls(current).length + machine.spans(current).length + machine.tokens(current).length > 0) return null;
    parts.push(machine.isAccepting(current) ? 'end' : 'state');
    for (let byte = 0; byte < 256; byte++) {
      const next = machine.next(current, byte);
      if (next === DEAD) continue;
      let index = order.get(next);
      if (index === undefined) {
        if (order.size === MAX_STATES) return null;
        index = order.size;
        order.set(next, index);
      }
      parts.push(`${byte}>${index}`);
    }
  }
  return parts.join(' ');
}
