import { systemErrorCode } from '../checkpoint/file-error.ts';
import { CheckpointError } from '../errors.ts';

/** Why a thread could not pack its share; error classes do not survive the way between threads. */
export type PackFault =
  | { readonly kind: 'checkpoint'; readonly file: string; readonly message: string }
  | { readonly kind: 'system'; readonly code: string; readonly message: string }
  | { readonly kind: 'bug'; readonly message: string; readonly stack: string };

/** Thread that packs to the one that started it: bytes written since the message before, or why it has ended. */
export type PackWorkerMessage =
  | { readonly type: 'written'; readonly bytes: number }
  | { readonly type: 'failed'; readonly fault: PackFault };

export function toFault(error: unknown): PackFault {
  if (error instanceof CheckpointError) return { kind: 'checkpoint', file: error.file, message: error.message };
  const code = systemErrorCode(error);
  if (code !== null) return { kind: 'system', code, message: String(error) };
  if (error instanceof Error) return { kind: 'bug', message: error.message, stack: error.stack ?? '' };
  return { kind: 'bug', message: String(error), stack: '' };
}

/** Gives an error its class back, or its code. */
export function toError(fault: PackFault): Error {
  switch (fault.kind) {
    case 'checkpoint':
      return new CheckpointError(fault.file, fault.message.slice(`${fault.file}: `.length));
    case 'system':
      return Object.assign(new Error(fault.message), { code: fault.code });
    case 'bug':
      return Object.assign(new Error(fault.message), { stack: fault.stack });
  }
}
