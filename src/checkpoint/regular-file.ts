import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { CheckpointError } from '../errors.ts';
import { fileError } from './file-error.ts';

/** Size in bytes and time of the last change in nanoseconds since the epoch. */
export interface FileStamp {
  readonly size: number;
  readonly mtimeNs: bigint;
}

/**
 * Follows links. Asked before a file is opened: opening a named pipe would wait for a writer for ever.
 * @throws CheckpointError when it is a folder, pipe, device or socket; the system's error when stat fails
 */
export async function requireRegularFile(file: string): Promise<FileStamp> {
  return stampOf(file, await stat(file, { bigint: true }));
}

export function stampOf(file: string, stats: BigIntStats): FileStamp {
  if (stats.isDirectory()) throw new CheckpointError(file, 'is a folder, not a file');
  if (!stats.isFile()) throw new CheckpointError(file, 'is not a regular file');
  return { size: Number(stats.size), mtimeNs: stats.mtimeNs };
}

/** @throws CheckpointError when `folder` does not exist or is something else */
export async function requireFolder(folder: string): Promise<void> {
  let isFolder: boolean;
  try {
    isFolder = (await stat(folder)).isDirectory();
  } catch (error) {
    throw fileError(folder, error);
  }
  if (!isFolder) throw new CheckpointError(folder, 'is a file; a model is a folder with config.json and safetensors');
}
