import type { Frame } from './frame.ts';
import { GrammarError } from './grammar-error.ts';
import type { RuleMachine } from './rule-machine.ts';

/** Ways to read the same text that are followed at once. */
const MAX_POSITIONS = 1024;
/** As many as are looked through one by one. */
const FEW_POSITIONS = 24;

/** In the middle of a counted repetition. */
export interface SpanState {
  /** Index in the grammar. */
  readonly span: number;
  readonly unit: RuleMachine;
  readonly unitState: number;
  /** Units that must and that may follow, the one under way included. */
  readonly needed: number;
  readonly left: number;
}

/** A place in a grammar: a state of a rule, or in a span after which that state comes, and where it goes on then. */
export interface Position {
  readonly machine: RuleMachine;
  readonly state: number;
  readonly span: SpanState | null;
  readonly frame: Frame;
}

/** All places in a grammar that a text can have led to. */
export class Positions {
  /** Those from which something can follow. */
  readonly items: Position[] = [];
  /** Whether the text is a whole match. */
  isComplete = false;
  readonly #seen: Position[] = [];
  /** Once there are many. */
  #byFrame: Map<Frame, Position[]> | null = null;

  get isDead(): boolean {
    return this.items.length === 0 && !this.isComplete;
  }

  /** Whether the position is new. @throws GrammarError when there are too many */
  add(position: Position, canGoOn: boolean): boolean {
    for (const other of this.#sameFrame(position.frame)) if (isSame(position, other)) return false;
    if (this.#seen.length === MAX_POSITIONS) throw new GrammarError('is too ambiguous to follow');
    this.#seen.push(position);
    this.#byFrame?.get(position.frame)?.push(position);
    if (canGoOn) this.items.push(position);
    return true;
  }

  /** Positions seen so far that may equal one in this frame. */
  #sameFrame(frame: Frame): readonly Position[] {
    if (this.#seen.length < FEW_POSITIONS) return this.#seen;
    if (this.#byFrame === null) {
      this.#byFrame = new Map();
      for (const position of this.#seen) listOf(this.#byFrame, position.frame).push(position);
    }
    return listOf(this.#byFrame, frame);
  }
}

function listOf(byFrame: Map<Frame, Position[]>, frame: Frame): Position[] {
  let list = byFrame.get(frame);
  if (list === undefined) {
    list = [];
    byFrame.set(frame, list);
  }
  return list;
}

function isSame(a: Position, b: Position): boolean {
  if (a.state !== b.state || a.machine !== b.machine || a.frame !== b.frame) return false;
  if (a.span === null || b.span === null) return a.span === b.span;
  return (
    a.span.span === b.span.span &&
    a.span.unitState === b.span.unitState &&
    a.span.needed === b.span.needed &&
    a.span.left === b.span.left
  );
}
