/** The endpoints whose request fields are tabled. */
export type Endpoint = 'chat' | 'completions' | 'responses' | 'messages';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

interface ParameterBase {
  /** As on the wire; a member of a field is written `field.member`. */
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
  /** One line for docs/api.md; Markdown. */
  readonly meaning: string;
}

export interface SupportedParameter extends ParameterBase {
  readonly status: 'supported';
  /** JSON type and bounds in words: `number, 0 to 2`. */
  readonly type: string;
  /** What leaving it out (or null) means. */
  readonly default: string;
}

export interface OffOnlyParameter extends ParameterBase {
  readonly status: 'off-only';
  /** Besides null, the values that ask for nothing. */
  readonly off: readonly JsonValue[];
}

export interface IgnoredParameter extends ParameterBase {
  readonly status: 'ignored';
  readonly type: 'string' | 'boolean' | 'integer' | 'object';
}

/**
 * One field of a request body, as OpenAI, vLLM or Anthropic define it:
 * - supported: honoured; the schema of its endpoint checks it;
 * - off-only: known but not offered. Null and the values of `off`, which ask for nothing, are accepted, all else is a 400;
 * - ignored: by its definition has no influence on the answer; only its JSON type is checked. `meaning` says why.
 * Fields that are not listed are ignored, because clients add new ones all the time.
 */
export type Parameter = SupportedParameter | OffOnlyParameter | IgnoredParameter;

/** A row of the table of one or more endpoints. */
export function supported(
  endpoints: readonly Endpoint[],
  name: string,
  row: Pick<SupportedParameter, 'type' | 'default' | 'meaning'>,
): SupportedParameter {
  return { name, endpoints, status: 'supported', ...row };
}

/** @param off values that ask for nothing, besides null */
export function offOnly(
  endpoints: readonly Endpoint[],
  name: string,
  off: readonly JsonValue[],
  meaning: string,
): OffOnlyParameter {
  return { name, endpoints, status: 'off-only', off, meaning };
}

/** @param because why it has no influence on the answer, as the rest of a sentence that begins with the field */
export function ignored(
  endpoints: readonly Endpoint[],
  name: string,
  type: IgnoredParameter['type'],
  because: string,
): IgnoredParameter {
  return { name, endpoints, status: 'ignored', type, meaning: because };
}
