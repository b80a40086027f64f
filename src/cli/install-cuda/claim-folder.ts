import { readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemErrorCode } from '../../checkpoint/file-error.ts';
import { createPartial, listPartials, type PartialFolder, partialPath } from '../../packing/partial-folder.ts';
import { isAlive, ownProcess } from '../../packing/process-identity.ts';

export interface Claim {
  /** Holds finished folders and those under way. */
  readonly store: string;
  /** Names what is being made. */
  readonly digest: string;
  /** Whether another process has finished it meanwhile. */
  readonly isDone: () => Promise<boolean>;
  readonly onWaiting: () => void;
}

/** Folders that this process works in; others of its own are those of tries that have failed. */
const inUse = new Set<string>();

const POLL_MS = 250;
/** A process that lives but has not written for so long is not waited for. */
const STALLED_MS = 10 * 60 * 1000;
/** A folder whose owner cannot be seen (another machine or container) is given up after so long without a write. */
const FOREIGN_IDLE_MS = 15 * 60 * 1000;

/**
 * A folder to work in, owned by this process: what a killed process has left is taken over with its contents, else it is
 * empty. Waits for a living process that is making the same.
 * @returns null when that process has finished it
 */
export async function claimFolder(claim: Claim): Promise<string | null> {
  const { store, digest, isDone, onWaiting } = claim;
  let own: string | null = null;
  for (;;) {
    if (await isDone()) {
      if (own !== null) await giveUp(own);
      return null;
    }
    const { busy, abandoned } = await othersIn(store, digest, own);
    if (busy.length > 0) {
      // Two that began at once see each other here; the first by name goes on, once the other has left.
      if (own !== null && busy.some((other) => other < own!)) {
        await giveUp(own);
        own = null;
      }
      onWaiting();
      await delay(POLL_MS);
    } else if (own === null) {
      // Looked at once more before it is used: another process may have begun at the same moment.
      own = (await takeOver(claim, abandoned)) ?? (await createPartial(store, digest));
      inUse.add(own);
    } else {
      return own;
    }
  }
}

/** The folder stays for the next try, of this process or another. */
export function releaseFolder(folder: string): void {
  inUse.delete(folder);
}

/** Removes what killed processes have left of other versions, or twice. */
export async function removeLeftovers(store: string): Promise<void> {
  for (const partial of await listPartials(store)) {
    if ((await stateOf(partial)) !== 'abandoned') continue;
    // Another user's, in a shared cache: it stays, and is in nobody's way.
    await rm(partial.path, { recursive: true, force: true }).catch(() => {});
  }
}

async function giveUp(folder: string): Promise<void> {
  releaseFolder(folder);
  await rm(folder, { recursive: true, force: true });
}

async function othersIn(
  store: string,
  digest: string,
  own: string | null,
): Promise<{ readonly busy: readonly string[]; readonly abandoned: readonly string[] }> {
  const busy: string[] = [];
  const abandoned: string[] = [];
  for (const partial of await listPartials(store)) {
    if (partial.digest !== digest || partial.path === own) continue;
    const state = await stateOf(partial);
    if (state === 'busy') busy.push(partial.path);
    if (state === 'abandoned') abandoned.push(partial.path);
  }
  return { busy, abandoned };
}

async function stateOf(partial: PartialFolder): Promise<'busy' | 'stalled' | 'abandoned'> {
  if (isOwn(partial)) return inUse.has(partial.path) ? 'busy' : 'abandoned';
  const alive = isAlive(partial.owner);
  if (alive === false) return 'abandoned';
  const idleMs = Date.now() - (await lastActivity(partial.path));
  if (alive === null) return idleMs < FOREIGN_IDLE_MS ? 'busy' : 'abandoned';
  return idleMs < STALLED_MS ? 'busy' : 'stalled';
}

function isOwn({ owner }: PartialFolder): boolean {
  const { scope, pid, start } = ownProcess();
  return owner.scope === scope && owner.pid === pid && owner.start === start;
}

/** Renames an abandoned folder to one of this process; of several processes that try, one succeeds. */
async function takeOver({ store, digest }: Claim, abandoned: readonly string[]): Promise<string | null> {
  for (const folder of abandoned) {
    const own = partialPath(store, digest);
    try {
      await rename(folder, own);
      const now = new Date();
      await utimes(own, now, now);
      return own;
    } catch (error) {
      if (!['ENOENT', 'EACCES', 'EPERM'].includes(systemErrorCode(error) ?? '')) throw error;
    }
  }
  return null;
}

/** Milliseconds since the epoch of the last write in `folder`; now, when it has just gone. */
async function lastActivity(folder: string): Promise<number> {
  try {
    const files = (await readdir(folder)).map((name) => path.join(folder, name));
    const times = await Promise.all([folder, ...files].map(async (file) => (await stat(file)).mtimeMs));
    return Math.max(...times);
  } catch {
    return Date.now();
  }
}
