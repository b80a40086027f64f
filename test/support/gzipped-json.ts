import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** A large golden, which is stored gzipped. */
export function readGzippedJson<T>(file: URL): T {
  return JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as T;
}
