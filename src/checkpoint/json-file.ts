import { open } from 'node:fs/promises';
import { CheckpointError } from '../errors.ts';
import { fileError, systemErrorCode } from './file-error.ts';
import { parseJson } from './json-text.ts';
import { requireRegularFile } from './regular-file.ts';

const LIMITS = { maxDepth: 64, maxValues: 4_000_000 };
const MIB = 1024 * 1024;

/**
 * Reads one of a checkpoint's JSON files.
 * @throws CheckpointError when it cannot be read, is larger than `maxBytes`, or is not strict JSON
 */
export async function readJsonFile(file: string, maxBytes = 16 * MIB): Promise<unknown> {
  return parseJson(await readBounded(file, maxBytes), file, LIMITS);
}

/** As {@link readJsonFile}; undefined when the file does not exist. */
export async function readOptionalJsonFile(file: string, maxBytes = 16 * MIB): Promise<unknown> {
  try {
    await requireRegularFile(file);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw fileError(file, error);
  }
  return readJsonFile(file, maxBytes);
}

async function readBounded(file: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const { size } = await requireRegularFile(file);
    if (size > maxBytes) {
      throw new CheckpointError(file, `is too large: ${size} bytes, at most ${maxBytes} are read`);
    }
    if (size === 0) throw new CheckpointError(file, 'is empty');
    const handle = await open(file, 'r');
    try {
      const bytes = new Uint8Array(size);
      let done = 0;
      while (done < size) {
        const { bytesRead } = await handle.read(bytes, done, size - done, done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return bytes.subarray(0, done);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(file, error);
  }
}
