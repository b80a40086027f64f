import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CheckpointError } from '../errors.ts';

/** Text of a file of the checkpoint; null when it does not exist. @throws CheckpointError when it cannot be read */
export async function readOptionalFile(folder: string, name: string): Promise<string | null> {
  const file = path.join(folder, name);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new CheckpointError(file, `cannot be read (${code ?? message})`);
  }
}

/** A JSON file that the checkpoint must have. @throws CheckpointError when it is missing or not JSON */
export async function readJsonFile(folder: string, name: string): Promise<unknown> {
  const file = path.join(folder, name);
  const text = await readOptionalFile(folder, name);
  if (text === null) throw new CheckpointError(file, 'no such file');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CheckpointError(file, `is not valid JSON (${(error as Error).message})`);
  }
}

/** Runs a parser and names the file in what it throws. */
export function parsingFile<T>(file: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof CheckpointError ? error : new CheckpointError(file, (error as Error).message);
  }
}
