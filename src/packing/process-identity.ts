import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { systemErrorCode } from '../checkpoint/file-error.ts';

/** A process as others may look for it: its number alone is given to another one sooner or later. */
export interface ProcessIdentity {
  /** Within which process numbers mean anything: machine and process namespace. */
  readonly scope: string;
  readonly pid: number;
  /** Differs for another process of the same number, also after a restart of the machine; '0' where the system does not tell. */
  readonly start: string;
}

export function ownProcess(): ProcessIdentity {
  return { scope: ownScope(), pid: process.pid, start: processStart(process.pid) ?? '0' };
}

/** Whether that process lives; null when it cannot be seen from here (another machine or container). */
export function isAlive({ scope, pid, start }: ProcessIdentity): boolean | null {
  if (scope !== ownScope()) return null;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (systemErrorCode(error) === 'ESRCH') return false;
  }
  const now = processStart(pid);
  return now === null || now === start;
}

function ownScope(): string {
  return shortHash(`${hostname()} ${attempt(() => readlinkSync('/proc/self/ns/pid'))}`);
}

/** Linux: boot and clock tick in which the process started. Zombies have none: they write nothing any more. */
function processStart(pid: number): string | null {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  if (stat === null) return null;
  // The second field is the command in parentheses and may contain anything; state is field 3, starttime field 22 (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return 'ended';
  return shortHash(`${attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'))} ${fields[19]}`);
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
