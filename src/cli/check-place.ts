import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import type { Check } from './doctor-report.ts';
import { formatBytes } from './format.ts';
import { describe } from './listen.ts';

/**
 * Whether packed weights can be kept at the cache folder.
 * @param neededBytes of the packed model; null when it is not known
 */
export function checkCacheFolder(folder: string, neededBytes: number | null): Check {
  const base = { id: 'cache', title: 'Cache folder' } as const;
  let existing = path.resolve(folder);
  while (!existsSync(existing) && path.dirname(existing) !== existing) existing = path.dirname(existing);
  try {
    if (!statSync(existing).isDirectory())
      return { ...base, status: 'failure', message: `${existing} is a file`, details: { folder } };
    accessSync(existing, constants.W_OK);
    const { bavail, bsize } = statfsSync(existing);
    const freeBytes = bavail * bsize;
    const details = { folder, freeBytes, neededBytes };
    const free = `${folder}: ${formatBytes(freeBytes)} free`;
    if (neededBytes === null || freeBytes > neededBytes) return { ...base, status: 'ok', message: free, details };
    const message = `${free}, but the packed weights take ${formatBytes(neededBytes)} (if they are not there yet); choose another place with --cache-dir`;
    return { ...base, status: 'warning', message, details };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = `${existing} cannot be written (${code}); choose another place with --cache-dir`;
    return { ...base, status: 'failure', message, details: { folder } };
  }
}

/** Whether the server could listen there now. Another program on the port is no failure: there are more ports. */
export async function checkPort(host: string, port: number): Promise<Check> {
  const base = { id: 'port', title: 'Port', details: { host, port } } as const;
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, resolve);
    });
    return { ...base, status: 'ok', message: `${host}:${port} is free` };
  } catch (error) {
    return { ...base, status: 'warning', message: describe((error as NodeJS.ErrnoException).code ?? '', host, port) };
  } finally {
    server.close();
  }
}
