import type { CompiledGrammar } from './compiled-grammar.ts';
import { Frame } from './frame.ts';
import { GrammarMatcher } from './grammar-matcher.ts';
import type { Positions } from './positions.ts';
import { RuleMachine } from './rule-machine.ts';
import type { TokenMasks } from './token-masks.ts';
import { Tracer } from './tracer.ts';

const SPACE = 0x20;
/** Stacks of calls to remember; beyond it, outputs that begin later remember their own. */
const MAX_FRAMES = 50_000;

/** A compiled grammar in the thread that follows it. Deterministic states and masks are made as they are needed, and shared. */
export class LoadedGrammar {
  readonly tracer: Tracer;
  readonly #machines: readonly RuleMachine[];
  readonly #compiled: CompiledGrammar;
  readonly #masks: TokenMasks;
  #bottom = Frame.bottom();

  /** @param leaves machines of rules that are complete in themselves, shared by all grammars */
  constructor(compiled: CompiledGrammar, masks: TokenMasks, leaves: Map<string, RuleMachine>) {
    this.#compiled = compiled;
    this.#masks = masks;
    this.#machines = compiled.rules.map((rule) => {
      if (rule.contentKey === null) return new RuleMachine(rule);
      const known = leaves.get(rule.contentKey);
      if (known !== undefined) return known;
      const machine = new RuleMachine(rule);
      leaves.set(rule.contentKey, machine);
      return machine;
    });
    this.tracer = new Tracer(this.#machines, compiled.spans);
  }

  /**
   * A matcher for one output.
   * @param stripLeadingSpace the text loses one leading space, if it has one, before it has to match
   * @throws GrammarError when the grammar cannot be followed
   */
  open(stripLeadingSpace: boolean): GrammarMatcher {
    if (this.#bottom.numFrames > MAX_FRAMES) this.#bottom = Frame.bottom();
    const start = this.#begin(this.#compiled.root);
    if (!stripLeadingSpace) return new GrammarMatcher(this, this.#masks, start);
    // A text that itself begins with a space would lose it: another one has to come before.
    const beginsWithSpace = !this.tracer.step(start, SPACE).isDead;
    const { hasSpaceRoot, mayHaveSpaceRoot } = this.#compiled;
    return new GrammarMatcher(this, this.#masks, this.#begin(beginsWithSpace ? hasSpaceRoot : mayHaveSpaceRoot));
  }

  #begin(rule: number): Positions {
    const machine = this.#machines[rule]!;
    const positions = this.tracer.at(machine, machine.start, this.#bottom);
    if (machine.rule.isNullable) positions.isComplete = true;
    return positions;
  }
}
