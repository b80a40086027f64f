import { statfs } from 'node:fs/promises';
import { ConfigError } from '../errors.ts';

/** For the manifest and the file system's own needs. */
const RESERVE_BYTES = 16 * 1024 * 1024;

/**
 * Asks for `bytes` of free space on the disk that holds `folder`, for `what`.
 * @throws ConfigError with both figures
 */
export async function requireDiskSpace(folder: string, bytes: number, what = 'the packed weights'): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes + RESERVE_BYTES) return;
  throw new ConfigError(
    `${folder}: not enough disk space for ${what}: ${gigabytes(bytes)} GB are needed, ${gigabytes(free)} GB are free. Free some, or choose another cache folder (--cache-dir or $XDG_CACHE_HOME).`,
  );
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(bytes < 1e9 ? 3 : 1);
}
