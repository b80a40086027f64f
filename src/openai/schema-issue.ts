import type { z } from 'zod';

/** The fault to tell the client about: where, and in words. */
export interface FieldFault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a finite number',
  int: 'an integer',
  boolean: 'a boolean',
  array: 'an array',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

/**
 * The first issue of a failed check; inside a union the branch that got deepest, because that is the one the client
 * meant, or the one for which the value has the right type and breaks another rule.
 */
export function firstFault(issues: readonly z.core.$ZodIssue[]): FieldFault {
  const issue = issues[0];
  if (issue === undefined) return { path: [], message: 'is invalid' };
  if (issue.code === 'invalid_union') {
    let deepest: FieldFault | undefined;
    for (const branch of issue.errors) {
      const fault = firstFault(branch);
      const isCloser = fault.path.length > (deepest?.path.length ?? 0);
      if (isCloser || (deepest === undefined && hasRightType(branch))) deepest = fault;
    }
    if (deepest !== undefined) return { path: [...issue.path, ...deepest.path], message: deepest.message };
  }
  return { path: issue.path, message: issueMessage(issue) };
}

function hasRightType([issue]: readonly z.core.$ZodIssue[]): boolean {
  return issue?.code === 'too_small' || issue?.code === 'too_big' || issue?.code === 'invalid_format';
}

/** `messages.0.role`; cut where a hostile key would fill the answer. */
export function pathToParam(path: readonly PropertyKey[]): string {
  return path.map(String).join('.').slice(0, 200);
}

/** Zod's own wordings; anything else was written in a schema and is shown as it stands. */
const ZOD_WORDING = /^(Invalid|Too (big|small)|Unrecognized)/;

function issueMessage(issue: z.core.$ZodIssue): string {
  if (!ZOD_WORDING.test(issue.message)) return issue.message;
  if (issue.message.endsWith('received undefined')) return 'is required';
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPE_WORDS[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return bound(issue.origin, 'at least', issue.minimum, issue.inclusive);
    case 'too_big':
      return bound(issue.origin, 'at most', issue.maximum, issue.inclusive);
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'invalid_key':
      return 'is not a token id';
    default:
      return 'is invalid';
  }
}

function bound(origin: string, word: 'at least' | 'at most', limit: number | bigint, inclusive?: boolean): string {
  if (origin === 'array' || origin === 'set') return `must have ${word} ${limit} ${limit === 1 ? 'entry' : 'entries'}`;
  if (origin === 'string') return `must have ${word} ${limit} ${limit === 1 ? 'character' : 'characters'}`;
  if (inclusive === false) return `must be ${word === 'at least' ? 'greater' : 'less'} than ${limit}`;
  return `must be ${word} ${limit}`;
}
