import { expect } from 'vitest';

/** The error that a promise must end in. */
export function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable('must fail'),
    (error: unknown) => error,
  );
}
