/**
 * What an output must match, before it is compiled. Texts are the client's own, unchecked: compiling finds what is wrong.
 * JSON values travel as JSON text, so that a spec is cheap to hash and to send to a worker. Specs nest: a form such as
 * `literal`, JSON, `literal` is written as a sequence and needs no grammar text.
 */
export type GrammarSpec =
  /** Any JSON object. */
  | { readonly type: 'jsonObject'; readonly whitespace?: JsonWhitespace }
  | JsonSchemaSpec
  /** A text that the ECMAScript pattern matches as a whole. */
  | { readonly type: 'regex'; readonly pattern: string }
  /** One of these texts. */
  | { readonly type: 'choice'; readonly choices: readonly string[] }
  /**
   * A grammar in xgrammar's EBNF (the dialect of GBNF) whose root rule is `root`. Special tokens that a literal spells,
   * such as `<｜tool▁calls▁begin｜>`, are produced as those tokens.
   */
  | { readonly type: 'ebnf'; readonly grammar: string }
  /** This very text; special tokens as in `ebnf`. */
  | { readonly type: 'literal'; readonly text: string }
  /** Any text without special tokens, also none. */
  | { readonly type: 'anyText' }
  | { readonly type: 'sequence'; readonly items: readonly GrammarSpec[] }
  | { readonly type: 'anyOf'; readonly items: readonly GrammarSpec[] }
  /** `max` null: any number of times. */
  | { readonly type: 'repeat'; readonly item: GrammarSpec; readonly min: number; readonly max: number | null };

/** A value that validates against a JSON Schema. */
export interface JsonSchemaSpec {
  readonly type: 'jsonSchema';
  /** JSON text. */
  readonly schema: string;
  readonly whitespace?: JsonWhitespace;
  /** The request field that holds this schema, where it is not the one that compileGrammar is told. */
  readonly param?: string;
}

/** How JSON may be laid out: as `json.dumps` does it, on one line, or with line breaks and indentation as well (the default). */
export type JsonWhitespace = 'any' | 'oneLine';

/** A compiled grammar: the engine knows it by this key. Made by `Engine.compileGrammar` only. */
export interface GrammarHandle {
  readonly key: string;
}
