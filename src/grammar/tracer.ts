import type { CompiledSpan } from './compiled-grammar.ts';
import type { Frame } from './frame.ts';
import { Positions, type SpanState } from './positions.ts';
import { DEAD, type RuleMachine } from './rule-machine.ts';

/** Follows texts through a grammar, byte by byte, in all readings at once. */
export class Tracer {
  readonly #machines: readonly RuleMachine[];
  readonly #spans: readonly CompiledSpan[];

  constructor(machines: readonly RuleMachine[], spans: readonly CompiledSpan[]) {
    this.#machines = machines;
    this.#spans = spans;
  }

  /** Positions in a state, with the rules that it calls. @throws GrammarError when there are too many */
  at(machine: RuleMachine, state: number, frame: Frame): Positions {
    const positions = new Positions();
    this.#enter(positions, machine, state, frame);
    return positions;
  }

  /** Positions where a rule that was called in `frame` is over. The frame is not the bottom one. */
  after(frame: Frame): Positions {
    return this.at(frame.machine!, frame.state, frame.outer!);
  }

  /** @throws GrammarError when there are too many positions */
  step(from: Positions, byte: number): Positions {
    const to = new Positions();
    for (const { machine, state, span, frame } of from.items) {
      if (span === null) {
        const next = machine.next(state, byte);
        if (next !== DEAD) this.#enter(to, machine, next, frame);
        continue;
      }
      const next = span.unit.next(span.unitState, byte);
      if (next === DEAD) continue;
      if (!span.unit.isAccepting(next)) {
        to.add({ machine, state, span: { ...span, unitState: next }, frame }, true);
        continue;
      }
      const { unit, needed, left } = span;
      const after = { ...span, unitState: unit.start, needed: Math.max(needed - 1, 0), left: left - 1 };
      this.#enterSpan(to, machine, state, after, frame);
    }
    return to;
  }

  /** Positions after a special token. */
  stepToken(from: Positions, tokenId: number): Positions {
    const to = new Positions();
    for (const { machine, state, span, frame } of from.items) {
      if (span !== null) continue;
      for (const { operand, after } of machine.tokens(state)) {
        if (operand === tokenId) this.#enter(to, machine, after, frame);
      }
    }
    return to;
  }

  #enter(into: Positions, machine: RuleMachine, state: number, frame: Frame): void {
    if (!into.add({ machine, state, span: null, frame }, machine.hasNext(state))) return;
    for (const { operand, after } of machine.calls(state)) {
      const callee = this.#machines[operand]!;
      // A call at the very end returns where the caller would: stacks of lists do not grow.
      const inner = machine.isEnd(after) ? frame : frame.enter(machine, after);
      this.#enter(into, callee, callee.start, inner);
    }
    for (const { operand, after } of machine.spans(state)) {
      const { unit, min, max } = this.#spans[operand]!;
      const machineOfUnit = this.#machines[unit]!;
      const span = { span: operand, unit: machineOfUnit, unitState: machineOfUnit.start, needed: min, left: max };
      this.#enterSpan(into, machine, after, span, frame);
    }
    if (!machine.isAccepting(state)) return;
    if (frame.outer === null) into.isComplete = true;
    else this.#enter(into, frame.machine!, frame.state, frame.outer);
  }

  /** Between two units: one more, or on to the state after the span. */
  #enterSpan(into: Positions, machine: RuleMachine, after: number, span: SpanState, frame: Frame): void {
    if (span.left > 0) into.add({ machine, state: after, span, frame }, true);
    if (span.needed === 0) this.#enter(into, machine, after, frame);
  }
}
