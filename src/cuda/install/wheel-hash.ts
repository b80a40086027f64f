import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { ConfigError } from '../../errors.ts';
import type { Wheel } from './wheels.ts';

const READ_BYTES = 1024 * 1024;

/**
 * Checks that a file is this very wheel.
 * @param onBytes called often, with the bytes that have been read
 * @throws ConfigError naming the file
 */
export async function checkWheelFile(file: string, wheel: Wheel, onBytes: (bytes: number) => void): Promise<void> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: READ_BYTES })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    onBytes(Math.min(bytes, wheel.byteLength));
  }
  const sha256 = hash.digest('hex');
  if (sha256 !== wheel.sha256) throw hashMismatch(file, wheel, sha256);
}

export function hashMismatch(place: string, wheel: Wheel, found: string): ConfigError {
  return new ConfigError(
    `${place} is not ${wheel.filename}: its SHA-256 is ${found}, expected is ${wheel.sha256}. Nothing of it was used.`,
  );
}
