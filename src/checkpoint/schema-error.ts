import type { z } from 'zod';
import { printable } from './quoted.ts';

/** The first complaint of a schema in one line: `hidden_size: expected number, received string`. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (!issue) return 'does not have the expected shape';
  const message = printable(issue.message.replace(/^Invalid input: /, '').replace(/\s+/g, ' '));
  const where = printable(issue.path.map(String).join('.'));
  return where === '' ? message : `${where}: ${message}`;
}
