/**
 * What an output must match, before it is compiled. Texts are the client's own, unchecked: compiling finds what is wrong.
 * JSON values travel as JSON text, so that a spec is cheap to hash and to send to a worker.
 */
export type GrammarSpec =
  /** Any JSON object. */
  | { readonly type: 'jsonObject' }
  /** A value that validates against a JSON Schema (JSON text). */
  | { readonly type: 'jsonSchema'; readonly schema: string }
  | { readonly type: 'regex'; readonly pattern: string }
  /** One of these texts. */
  | { readonly type: 'choice'; readonly choices: readonly string[] }
  /** A grammar in xgrammar's EBNF (the dialect of GBNF) whose root rule is `root`. */
  | { readonly type: 'ebnf'; readonly grammar: string };

/** A compiled grammar: the engine knows it by this key. Made by `Engine.compileGrammar` only. */
export interface GrammarHandle {
  readonly key: string;
}
