import { CheckpointError } from '../errors.ts';

const REASONS: Record<string, string> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'cannot be read: permission denied',
  EPERM: 'cannot be read: permission denied',
  EISDIR: 'is a folder, not a file',
  ELOOP: 'is a link that leads back to itself',
  ENAMETOOLONG: 'has a name that is too long',
  EMFILE: 'cannot be opened: too many open files',
  EIO: 'cannot be read: input/output error (a failing disk?)',
};

/** The `code` of a Node.js system error, else null. */
export function systemErrorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** A failed system call on `file` in the words of {@link CheckpointError}; anything that is not one is returned unchanged. */
export function fileError(file: string, error: unknown): unknown {
  const code = systemErrorCode(error);
  if (code === null) return error;
  return new CheckpointError(file, REASONS[code] ?? `cannot be read (${code})`);
}
