import { homedir } from 'node:os';
import path from 'node:path';

/** $XDG_CACHE_HOME/latent-serve, else ~/.cache/latent-serve. The XDG specification has relative values ignored. */
export function defaultCacheRoot(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const cacheHome = environment['XDG_CACHE_HOME'];
  const base = cacheHome && path.isAbsolute(cacheHome) ? cacheHome : path.join(homedir(), '.cache');
  return path.join(base, 'latent-serve');
}
