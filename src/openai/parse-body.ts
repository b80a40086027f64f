import type { z } from 'zod';
import { invalidRequest } from '../errors.ts';
import { firstFault, pathToParam } from './schema-issue.ts';

/** @throws ApiError 400 when the body is not a JSON object */
export function requireObject(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalidRequest(
      null,
      'The request body must be a JSON object (with the header Content-Type: application/json).',
    );
  }
  return body as Readonly<Record<string, unknown>>;
}

/**
 * Checks a body against its schema; fields that the schema does not know are dropped.
 * @throws ApiError 400 naming the first field at fault
 */
export function parseBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const fault = firstFault(result.error.issues);
  const param = pathToParam(fault.path);
  throw invalidRequest(param === '' ? null : param, `Invalid '${param}': ${fault.message}.`);
}
