/** What an edge of a rule's automaton needs to be followed. */
export const EdgeKind = { epsilon: 0, bytes: 1, call: 2, span: 3, token: 4 } as const;
/** Words of an edge: kind, two operands, target state. */
export const EDGE_WORDS = 4;

/**
 * A rule as a nondeterministic automaton over bytes. Operands: bytes from a to b; call of rule a; span a; special token a.
 * Every path from the start reaches the accepting state. An empty match is never made by calling: the caller has an
 * epsilon edge beside the call.
 */
export interface CompiledRule {
  readonly name: string;
  readonly start: number;
  /** No edge leaves it. */
  readonly accept: number;
  readonly isNullable: boolean;
  /** Edges of state s: edgeStart[s] to edgeStart[s + 1]. */
  readonly edgeStart: Int32Array; // [states + 1]
  readonly edges: Int32Array; // [edges, EDGE_WORDS]
  /** The same for rules of any grammars that match the same; null for rules that need others. */
  readonly contentKey: string | null;
}

/** A counted repetition of a rule none of whose matches is the beginning of another (a character, mostly). */
export interface CompiledSpan {
  readonly unit: number;
  readonly min: number;
  /** Infinity: any number. */
  readonly max: number;
}

/** A grammar in a form that crosses threads by structured clone. */
export interface CompiledGrammar {
  readonly rules: readonly CompiledRule[];
  readonly spans: readonly CompiledSpan[];
  readonly root: number;
  /** The root after one space, or without. */
  readonly mayHaveSpaceRoot: number;
  /** The root after one space. */
  readonly hasSpaceRoot: number;
  readonly numBytes: number;
}
