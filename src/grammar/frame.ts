import type { RuleMachine } from './rule-machine.ts';

/**
 * Where a match goes on when the rule at hand is over: a state of the calling rule, and its own frame. Equal stacks of
 * calls are one object, so that what is worked out for one holds for all. The bottom frame has no outer one.
 */
export class Frame {
  readonly machine: RuleMachine | null;
  readonly state: number;
  readonly outer: Frame | null;
  readonly bottom: Frame;
  readonly #inner = new Map<RuleMachine, Map<number, Frame>>();
  #numFrames = 1;

  private constructor(machine: RuleMachine | null, state: number, outer: Frame | null) {
    this.machine = machine;
    this.state = state;
    this.outer = outer;
    this.bottom = outer === null ? this : outer.bottom;
  }

  static bottom(): Frame {
    return new Frame(null, 0, null);
  }

  /** Frames that grew on this bottom. */
  get numFrames(): number {
    return this.#numFrames;
  }

  /** The frame for a call that returns to `state`. */
  enter(machine: RuleMachine, state: number): Frame {
    let byState = this.#inner.get(machine);
    if (byState === undefined) {
      byState = new Map();
      this.#inner.set(machine, byState);
    }
    let frame = byState.get(state);
    if (frame === undefined) {
      frame = new Frame(machine, state, this);
      byState.set(state, frame);
      this.bottom.#numFrames++;
    }
    return frame;
  }
}
