import { createHash } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { copyFile, link, mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from '../../checkpoint/file-error.ts';
import { inspectInstallation, lackingLibraries, writeRecord } from '../../cuda/install/installation.ts';
import { libraryName, unpackLibraries } from '../../cuda/install/unpack.ts';
import type { WheelSource } from '../../cuda/install/wheel-source.ts';
import { unpackedBytes, type Wheel } from '../../cuda/install/wheels.ts';
import { RUNTIME_LIBRARY } from '../../cuda/libraries.ts';
import { ConfigError } from '../../errors.ts';
import { requireDiskSpace } from '../../packing/disk-space.ts';
import { partialPath } from '../../packing/partial-folder.ts';
import { claimFolder, releaseFolder, removeLeftovers } from './claim-folder.ts';

/** What an installation is doing. Bytes are those of the wheels that have to be obtained. */
export type InstallEvent =
  | { readonly phase: 'waiting' }
  | { readonly phase: 'obtaining'; readonly wheel: Wheel; readonly bytesDone: number; readonly bytesTotal: number }
  | { readonly phase: 'unpacking'; readonly wheel: Wheel; readonly bytesDone: number; readonly bytesTotal: number };

export interface InstallOptions {
  /** Where the files go; the folder appears whole or not at all. */
  readonly target: string;
  readonly wheels: readonly Wheel[];
  readonly source: WheelSource;
  /** The npm package's library, which has to lie beside its provider. */
  readonly runtimeLibrary: string;
  /** Called often and synchronously: it must be quick. */
  readonly onEvent: (event: InstallEvent) => void;
}

/**
 * Brings the libraries of `wheels` into `target`. What is there already is kept; what a killed process has left is
 * continued; of several processes one works and the others wait.
 * @returns whether there was anything to do
 * @throws ConfigError
 */
export async function installLibraries(options: InstallOptions): Promise<boolean> {
  const { target, wheels, runtimeLibrary, source, onEvent } = options;
  const isComplete = async (): Promise<boolean> =>
    (await inspectInstallation(target, wheels, runtimeLibrary)).missing.length === 0;
  if (await isComplete()) return false;
  source.prepare(await missingWheels(options));
  const store = path.dirname(target);
  try {
    await mkdir(store, { recursive: true });
    const folder = await claimFolder({
      store,
      digest: digestOf(options),
      isDone: isComplete,
      onWaiting: () => onEvent({ phase: 'waiting' }),
    });
    if (folder === null) return true;
    try {
      await removeLeftovers(store);
      await fill(folder, options);
      await publish(folder, options);
    } finally {
      releaseFolder(folder);
    }
    return true;
  } catch (error) {
    throw storeError(store, error);
  }
}

async function missingWheels({ target, wheels, runtimeLibrary }: InstallOptions): Promise<Wheel[]> {
  const { present } = await inspectInstallation(target, wheels, runtimeLibrary);
  return wheels.filter((wheel) => !present.includes(wheel));
}

/** Tells installations of different files apart, so that none continues what another has begun. */
function digestOf({ target, wheels }: InstallOptions): string {
  const hash = createHash('sha256').update(path.basename(target));
  for (const { sha256 } of wheels) hash.update(sha256);
  return `cuda${hash.digest('hex').slice(0, 16)}`;
}

/** Whatever happens, what has been downloaded stays for the next try. */
async function fill(folder: string, options: InstallOptions): Promise<void> {
  const { wheels, source, onEvent, runtimeLibrary } = options;
  await reuse(folder, options);
  await placeRuntime(await realpath(runtimeLibrary), path.join(folder, RUNTIME_LIBRARY));
  const wanted: Wheel[] = [];
  for (const wheel of wheels) if ((await lackingLibraries(folder, wheel)).length > 0) wanted.push(wheel);
  await requireDiskSpace(folder, await bytesToCome(folder, wanted, source), 'the CUDA libraries');
  const bytesTotal = wanted.reduce((sum, { byteLength }) => sum + byteLength, 0);
  let bytesBefore = 0;
  for (const wheel of wanted) {
    const onBytes = (bytes: number): void =>
      onEvent({ phase: 'obtaining', wheel, bytesDone: bytesBefore + bytes, bytesTotal });
    const file = await source.obtain(wheel, folder, onBytes);
    bytesBefore += wheel.byteLength;
    onEvent({ phase: 'unpacking', wheel, bytesDone: bytesBefore, bytesTotal });
    await unpackLibraries(file, wheel, folder);
    if (path.dirname(file) === folder) await rm(file);
  }
  await writeRecord(folder, wheels);
}

/** Takes over what is good in an installation that lacks something. */
async function reuse(folder: string, { target, wheels, runtimeLibrary }: InstallOptions): Promise<void> {
  const { present } = await inspectInstallation(target, wheels, runtimeLibrary);
  for (const name of present.flatMap(({ libraries }) => libraries.map(libraryName))) {
    const file = path.join(folder, name);
    if (!existsSync(file)) await linkOrCopy(path.join(target, name), file);
  }
}

/** Wheels are downloaded and unpacked one after another, and removed in between. */
async function bytesToCome(folder: string, wanted: readonly Wheel[], source: WheelSource): Promise<number> {
  let there = 0;
  for (const { filename } of wanted) {
    there += await stat(path.join(folder, `${filename}.part`)).then(
      ({ size }) => size,
      () => 0,
    );
  }
  const largest = source.isRemote ? Math.max(0, ...wanted.map(({ byteLength }) => byteLength)) : 0;
  return Math.max(0, unpackedBytes(wanted) + largest - there);
}

async function placeRuntime(library: string, file: string): Promise<void> {
  await rm(file, { force: true });
  await linkOrCopy(library, file);
}

/** A second name where the file system allows it, which takes no room. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch {
    await copyFile(from, `${to}.part`, constants.COPYFILE_FICLONE);
    await rename(`${to}.part`, to);
  }
}

/** Gives the folder its name. One that is there lacks something, or another process was faster: it is looked at again. */
async function publish(folder: string, { target, wheels, runtimeLibrary }: InstallOptions): Promise<void> {
  await syncFolder(folder);
  for (;;) {
    try {
      await rename(folder, target);
      return await syncFolder(path.dirname(target));
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes(systemErrorCode(error) ?? '')) throw error;
    }
    const { missing } = await inspectInstallation(target, wheels, runtimeLibrary);
    // Renamed before it is removed, so that nobody finds it half removed.
    const aside = missing.length === 0 ? folder : partialPath(path.dirname(target), 'discarded');
    if (missing.length > 0) {
      try {
        await rename(target, aside);
      } catch (error) {
        if (systemErrorCode(error) !== 'ENOENT') throw error;
      }
    }
    await rm(aside, { recursive: true, force: true });
    if (missing.length === 0) return;
  }
}

/** Makes the names in `folder` durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk became full',
  EDQUOT: 'the disk quota was reached',
  EACCES: 'no permission to write',
  EPERM: 'no permission to write',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of this path is a file',
  EEXIST: 'a part of this path is a file',
};

/** A failed system call on the folder, in words; errors of our own are returned unchanged. */
function storeError(store: string, error: unknown): unknown {
  const code = systemErrorCode(error);
  const reason = code === null ? undefined : REASONS[code];
  if (reason === undefined) return error;
  return new ConfigError(`${store}: ${reason}. Choose another place with --cache-dir or $XDG_CACHE_HOME.`);
}
