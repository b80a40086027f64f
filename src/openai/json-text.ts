import { invalidRequest } from '../errors.ts';

/** Deeper values are refused: JSON.stringify and whatever reads the text recurse. */
const MAX_DEPTH = 64;

/**
 * JSON text of a client's value.
 * @throws ApiError 400 naming `param` when it is nested too deeply
 */
export function toJsonText(value: unknown, param: string): string {
  if (isDeeperThan(value, MAX_DEPTH)) {
    throw invalidRequest(param, `Invalid '${param}': must not be nested more than ${MAX_DEPTH} levels deep.`);
  }
  return JSON.stringify(value);
}

function isDeeperThan(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return limit === 0 || Object.values(value).some((member) => isDeeperThan(member, limit - 1));
}
