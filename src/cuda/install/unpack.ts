import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import yauzl from 'yauzl';
import { ConfigError } from '../../errors.ts';
import type { Wheel, WheelLibrary } from './wheels.ts';

/**
 * Unpacks a wheel's libraries into `folder`, streaming. A library has its name only once it is whole and on the disk.
 * @param file whose hash has been checked
 * @throws ConfigError when the wheel does not hold what it should
 */
export async function unpackLibraries(file: string, wheel: Wheel, folder: string): Promise<void> {
  const wanted = new Map(wheel.libraries.map((library) => [library.entry, library]));
  let zip: yauzl.ZipFile;
  try {
    zip = await yauzl.openPromise(file, { autoClose: false });
  } catch (cause) {
    throw new ConfigError(`${file} is no zip archive: ${(cause as Error).message}`, { cause });
  }
  try {
    for await (const entry of zip.eachEntry()) {
      const library = wanted.get(entry.fileName);
      if (library === undefined) continue;
      if (entry.uncompressedSize !== library.byteLength) {
        throw new ConfigError(
          `${file}: ${entry.fileName} has ${entry.uncompressedSize} bytes, not ${library.byteLength}`,
        );
      }
      const target = path.join(folder, libraryName(library));
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(`${target}.part`, { flush: true }));
      await rename(`${target}.part`, target);
      wanted.delete(entry.fileName);
      if (wanted.size === 0) break;
    }
  } finally {
    zip.close();
  }
  if (wanted.size > 0) throw new ConfigError(`${file} does not hold ${[...wanted.keys()].join(', ')}`);
}

/** File name of a library, in the wheel and where it is installed. */
export function libraryName({ entry }: WheelLibrary): string {
  return path.posix.basename(entry);
}
