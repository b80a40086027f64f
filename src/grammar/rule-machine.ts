import { type CompiledRule, EDGE_WORDS, EdgeKind } from './compiled-grammar.ts';
import { GrammarError } from './grammar-error.ts';

/** States that one rule may need; a text that keeps making new ones is not worth following. */
const MAX_STATES = 16_384;
/** An entry of a row that has not been worked out. */
export const UNKNOWN = -2;
/** No match can go on. */
export const DEAD = -1;

/** Something other than bytes that a state can be left by, and the state after it. */
export interface Branch {
  /** Index of the rule or span; id of the token. */
  readonly operand: number;
  readonly after: number;
}

/** Ways out of a state that are not bytes: by operand, the automaton's states after it, until someone asks. */
type Pending = ReadonlyMap<number, readonly number[]>;

interface State {
  readonly members: readonly number[];
  readonly isAccepting: boolean;
  readonly hasBytes: boolean;
  calls: readonly Branch[] | Pending;
  spans: readonly Branch[] | Pending;
  tokens: readonly Branch[] | Pending;
  /** Next state by byte. */
  row: Int32Array | null;
}

const NO_BYTES = new Int32Array(256).fill(DEAD);
const NO_BRANCHES: readonly Branch[] = [];

/** A rule's automaton made deterministic as far as it is walked. States are small integers; they live as long as this. */
export class RuleMachine {
  readonly rule: CompiledRule;
  /** Where a match begins; never accepting, see {@link CompiledRule}. */
  readonly start: number;
  readonly #states: State[] = [];
  readonly #isPlain: number[] = [];
  readonly #ids = new Map<string, number>();

  constructor(rule: CompiledRule) {
    this.rule = rule;
    this.start = this.#intern(this.#closure([rule.start]).filter((member) => member !== rule.accept));
  }

  /** The state after a byte, or DEAD. @throws GrammarError when there are too many states */
  next(state: number, byte: number): number {
    const next = this.row(state)[byte]!;
    return next === UNKNOWN ? this.resolve(state, byte) : next;
  }

  /** Next states by byte, for walks over many bytes: the state, DEAD, or UNKNOWN until it has been resolved. */
  row(state: number): Int32Array {
    const known = this.#states[state]!;
    known.row ??= known.hasBytes ? new Int32Array(256).fill(UNKNOWN) : NO_BYTES;
    return known.row;
  }

  /** Works out an unknown entry of a row. @throws GrammarError when there are too many states */
  resolve(state: number, byte: number): number {
    const known = this.#states[state]!;
    const targets: number[] = [];
    for (const member of known.members) {
      this.#forEachEdge(member, (kind, low, high, target) => {
        if (kind === EdgeKind.bytes && byte >= low && byte <= high) targets.push(target);
      });
    }
    const id = targets.length === 0 ? DEAD : this.#intern(this.#closure(targets));
    this.row(state)[byte] = id;
    return id;
  }

  isAccepting(state: number): boolean {
    return this.#states[state]!.isAccepting;
  }

  calls(state: number): readonly Branch[] {
    return this.#branches(this.#states[state]!, 'calls');
  }

  spans(state: number): readonly Branch[] {
    return this.#branches(this.#states[state]!, 'spans');
  }

  tokens(state: number): readonly Branch[] {
    return this.#branches(this.#states[state]!, 'tokens');
  }

  /** Whether only bytes lead on from here, so that nothing outside of the rule matters. */
  isPlain(state: number): boolean {
    return this.#isPlain[state] === 1;
  }

  /** Whether a byte or token can come next inside of the rule. */
  hasNext(state: number): boolean {
    const { hasBytes, tokens } = this.#states[state]!;
    return hasBytes || tokens !== NO_BRANCHES;
  }

  /** Whether the rule's match is over here and cannot go on. */
  isEnd(state: number): boolean {
    const { isAccepting, calls, spans } = this.#states[state]!;
    return isAccepting && calls === NO_BRANCHES && spans === NO_BRANCHES && !this.hasNext(state);
  }

  #branches(state: State, kind: 'calls' | 'spans' | 'tokens'): readonly Branch[] {
    const branches = state[kind];
    if (!(branches instanceof Map)) return branches as readonly Branch[];
    const resolved = Array.from(branches as Pending, ([operand, targets]) => ({
      operand,
      after: this.#intern(this.#closure(targets)),
    }));
    state[kind] = resolved;
    return resolved;
  }

  /** @param members ascending */
  #intern(members: readonly number[]): number {
    const key = members.join(',');
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    if (this.#states.length === MAX_STATES) throw new GrammarError('is too complex to follow');
    const id = this.#states.length;
    this.#ids.set(key, id);
    const calls = new Map<number, number[]>();
    const spans = new Map<number, number[]>();
    const tokens = new Map<number, number[]>();
    let hasBytes = false;
    for (const member of members) {
      this.#forEachEdge(member, (kind, operand, _, target) => {
        if (kind === EdgeKind.bytes) hasBytes = true;
        else if (kind === EdgeKind.call) collect(calls, operand, target);
        else if (kind === EdgeKind.span) collect(spans, operand, target);
        else if (kind === EdgeKind.token) collect(tokens, operand, target);
      });
    }
    const isAccepting = members.includes(this.rule.accept);
    this.#isPlain.push(isAccepting || calls.size > 0 || spans.size > 0 ? 0 : 1);
    this.#states.push({
      members,
      isAccepting,
      hasBytes,
      calls: calls.size === 0 ? NO_BRANCHES : calls,
      spans: spans.size === 0 ? NO_BRANCHES : spans,
      tokens: tokens.size === 0 ? NO_BRANCHES : tokens,
      row: null,
    });
    return id;
  }

  #closure(states: readonly number[]): number[] {
    const found = new Set(states);
    for (const state of found) {
      this.#forEachEdge(state, (kind, _a, _b, target) => {
        if (kind === EdgeKind.epsilon) found.add(target);
      });
    }
    return [...found].sort((a, b) => a - b);
  }

  #forEachEdge(state: number, visit: (kind: number, a: number, b: number, target: number) => void): void {
    const { edgeStart, edges } = this.rule;
    const end = edgeStart[state + 1]! * EDGE_WORDS;
    for (let i = edgeStart[state]! * EDGE_WORDS; i < end; i += EDGE_WORDS) {
      visit(edges[i]!, edges[i + 1]!, edges[i + 2]!, edges[i + 3]!);
    }
  }
}

function collect(into: Map<number, number[]>, operand: number, target: number): void {
  const targets = into.get(operand);
  if (targets === undefined) into.set(operand, [target]);
  else targets.push(target);
}
