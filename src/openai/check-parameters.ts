import { invalidRequest } from '../errors.ts';
import type { Endpoint, IgnoredParameter, JsonValue, OffOnlyParameter, Parameter } from './parameter.ts';
import { parameterTable } from './parameter-table.ts';

type CheckedParameter = OffOnlyParameter | IgnoredParameter;

/** What no schema checks. */
function checkedOf(endpoint: Endpoint): readonly CheckedParameter[] {
  const isChecked = (parameter: Parameter): parameter is CheckedParameter => parameter.status !== 'supported';
  return parameterTable.filter(isChecked).filter((parameter) => parameter.endpoints.includes(endpoint));
}

const checked: Readonly<Record<Endpoint, readonly CheckedParameter[]>> = {
  chat: checkedOf('chat'),
  completions: checkedOf('completions'),
  responses: checkedOf('responses'),
  messages: checkedOf('messages'),
};

/**
 * Holds a body against the parameter table: fields that are known but not offered may only say "off".
 * @throws ApiError 400 naming the field
 */
export function checkParameters(endpoint: Endpoint, body: Readonly<Record<string, unknown>>): void {
  for (const parameter of checked[endpoint]) {
    const value = Object.hasOwn(body, parameter.name) ? body[parameter.name] : undefined;
    if (value === undefined || value === null) continue;
    if (parameter.status === 'off-only' && !parameter.off.some((off) => jsonEqual(off, value))) {
      throw notSupported(parameter.name, parameter.off);
    }
    if (parameter.status === 'ignored' && !hasType(value, parameter.type)) {
      const article = /^[aeiou]/.test(parameter.type) ? 'an' : 'a';
      throw invalidRequest(parameter.name, `Invalid '${parameter.name}': must be ${article} ${parameter.type}.`);
    }
  }
}

function notSupported(name: string, off: readonly JsonValue[]) {
  const values = [...off.map((value) => JSON.stringify(value)), 'null'].join(', ');
  return invalidRequest(
    name,
    `'${name}' is not supported yet by this server. Leave it out (values that mean off are accepted: ${values}).`,
    'unsupported_parameter',
  );
}

function hasType(value: unknown, type: IgnoredParameter['type']): boolean {
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type && !Array.isArray(value);
}

/** Deep equality with a literal of the table; the recursion is as deep as the literal, not as the value. */
function jsonEqual(literal: JsonValue, value: unknown): boolean {
  if (literal === null || typeof literal !== 'object') return literal === value;
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(literal)) {
    return Array.isArray(value) && literal.length === value.length && literal.every((v, i) => jsonEqual(v, value[i]));
  }
  if (Array.isArray(value)) return false;
  const wanted = Object.entries(literal);
  const actual = value as Record<string, unknown>;
  return (
    Object.keys(actual).length === wanted.length &&
    wanted.every(([key, v]) => Object.hasOwn(actual, key) && jsonEqual(v as JsonValue, actual[key]))
  );
}
