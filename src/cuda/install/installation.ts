import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { RUNTIME_LIBRARY } from '../libraries.ts';
import { libraryName } from './unpack.ts';
import type { Wheel } from './wheels.ts';

const MANIFEST = 'install.json';
const manifestSchema = z.object({ wheels: z.record(z.string(), z.string()) });

/** What of an installation is in a folder. */
export interface Installation {
  /** Wheels whose libraries are all there, in their sizes. */
  readonly present: readonly Wheel[];
  /** Names of files that are missing, or not those of these wheels. */
  readonly missing: readonly string[];
}

/**
 * Looks at file sizes and at the record of what was unpacked; nothing is hashed, so this is quick.
 * @param runtimeLibrary the npm package's library, of which the folder holds a copy
 */
export async function inspectInstallation(
  folder: string,
  wheels: readonly Wheel[],
  runtimeLibrary: string,
): Promise<Installation> {
  const recorded = await readRecord(folder);
  const present: Wheel[] = [];
  const missing: string[] = [];
  for (const wheel of wheels) {
    const lacking = recorded[wheel.filename] === wheel.sha256 ? await lackingLibraries(folder, wheel) : allOf(wheel);
    if (lacking.length === 0) present.push(wheel);
    missing.push(...lacking);
  }
  const size = await sizeOf(runtimeLibrary);
  if (size === null || (await sizeOf(path.join(folder, RUNTIME_LIBRARY))) !== size) missing.push(RUNTIME_LIBRARY);
  return { present, missing };
}

/** Names of a wheel's libraries that `folder` does not hold in their sizes. */
export async function lackingLibraries(folder: string, wheel: Wheel): Promise<string[]> {
  const lacking: string[] = [];
  for (const library of wheel.libraries) {
    const name = libraryName(library);
    if ((await sizeOf(path.join(folder, name))) !== library.byteLength) lacking.push(name);
  }
  return lacking;
}

/** Notes in `folder` which wheels its libraries come from. */
export async function writeRecord(folder: string, wheels: readonly Wheel[]): Promise<void> {
  const record = { wheels: Object.fromEntries(wheels.map(({ filename, sha256 }) => [filename, sha256])) };
  await writeFile(path.join(folder, MANIFEST), `${JSON.stringify(record, null, 2)}\n`, { flush: true });
}

async function readRecord(folder: string): Promise<Readonly<Record<string, string>>> {
  try {
    return manifestSchema.parse(JSON.parse(await readFile(path.join(folder, MANIFEST), 'utf8'))).wheels;
  } catch {
    return {};
  }
}

function allOf(wheel: Wheel): string[] {
  return wheel.libraries.map(libraryName);
}

async function sizeOf(file: string): Promise<number | null> {
  try {
    return (await stat(file)).size;
  } catch {
    return null;
  }
}
