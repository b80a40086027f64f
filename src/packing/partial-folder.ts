import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { WEIGHTS_FILE } from './manifest.ts';
import { isAlive, ownProcess, type ProcessIdentity } from './process-identity.ts';

/**
 * A pack under way, or one on its way out, in a folder beside the finished ones. Its name says who works in it, so that
 * there is no moment at which the folder exists and its owner is unknown.
 */
export interface PartialFolder {
  readonly path: string;
  readonly digest: string;
  readonly owner: ProcessIdentity;
}

const PREFIX = '.partial';
/** A folder whose owner cannot be seen is given up after so long without a write. */
const FOREIGN_IDLE_MS = 15 * 60 * 1000;

/** Makes an empty folder of this process in `store`. */
export async function createPartial(store: string, digest: string): Promise<string> {
  const folder = partialPath(store, digest);
  await mkdir(folder);
  return folder;
}

/** A fresh name in `store`, owned by this process. */
export function partialPath(store: string, digest: string): string {
  const { scope, pid, start } = ownProcess();
  return path.join(store, [PREFIX, digest, scope, pid, start, randomBytes(6).toString('hex')].join('-'));
}

/** All of them in `store`, also those of dead processes. */
export async function listPartials(store: string): Promise<PartialFolder[]> {
  return (await readdir(store)).flatMap((name) => {
    const [prefix, digest, scope, pid, start, random, ...more] = name.split('-');
    if (prefix !== PREFIX || !digest || !scope || !start || !random || more.length > 0) return [];
    const number = Number(pid);
    if (!Number.isSafeInteger(number) || number < 1) return [];
    return [{ path: path.join(store, name), digest, owner: { scope, pid: number, start } }];
  });
}

/** Removes what killed processes left in `store`. Never touches the folder of one that lives. */
export async function removeAbandoned(store: string, now = Date.now()): Promise<void> {
  for (const partial of await listPartials(store)) {
    const alive = isAlive(partial.owner);
    const abandoned = alive === null ? now - (await lastWrite(partial)) > FOREIGN_IDLE_MS : !alive;
    if (!abandoned) continue;
    try {
      await rm(partial.path, { recursive: true, force: true });
    } catch {
      // Another user's, in a shared cache: it stays, and is in nobody's way.
    }
  }
}

/** Milliseconds since the epoch of the last sign of life; now, when the folder has just gone. */
export async function lastWrite(partial: PartialFolder): Promise<number> {
  const times = await Promise.all(
    [partial.path, path.join(partial.path, WEIGHTS_FILE)].map(async (file) => {
      try {
        return (await stat(file)).mtimeMs;
      } catch {
        return null;
      }
    }),
  );
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? Date.now() : Math.max(...known);
}
