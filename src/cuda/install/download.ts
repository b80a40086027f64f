import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError } from '../../errors.ts';
import { fetchFailure, locationName } from './fetch-failure.ts';
import type { FileLocation } from './simple-index.ts';
import { hashMismatch } from './wheel-hash.ts';
import type { Wheel } from './wheels.ts';

/** Attempts in a row that bring not a single byte. */
const MAX_FRUITLESS_ATTEMPTS = 5;
const READ_BYTES = 1024 * 1024;

export interface DownloadOptions {
  /** Called often, with the bytes of this wheel that are there. */
  readonly onBytes: (bytes: number) => void;
  /** Wait after the first fruitless attempt; doubled after each further one. */
  readonly retryDelayMs: number;
}

/**
 * Downloads a wheel into `file` and checks its hash. What an earlier try left in `file` is kept and continued.
 * @throws ConfigError when the server cannot be reached or sends something else
 */
export async function downloadWheel(
  location: FileLocation,
  wheel: Wheel,
  file: string,
  options: DownloadOptions,
): Promise<void> {
  // Opened without truncation: "r+" wants a file, "a" would ignore positions.
  await (await open(file, 'a')).close();
  const handle = await open(file, 'r+');
  try {
    const partial = new PartialWheel(handle, wheel, options.onBytes);
    await partial.readExisting();
    await complete(partial, location, options.retryDelayMs);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function complete(partial: PartialWheel, location: FileLocation, retryDelayMs: number): Promise<void> {
  let wasPieced = partial.bytes > 0;
  for (let fruitless = 0; ; ) {
    if (partial.isWhole) {
      if (partial.matches) return;
      // Pieces from different servers or proxies may not belong together; one piece that is wrong stays wrong.
      if (!wasPieced) throw hashMismatch(locationName(location.url), partial.wheel, partial.sha256);
      wasPieced = false;
      await partial.restart();
    }
    const before = partial.bytes;
    const failure = await fetchInto(partial, location);
    if (failure === null) continue;
    fruitless = partial.bytes > before ? 0 : fruitless + 1;
    if (fruitless >= MAX_FRUITLESS_ATTEMPTS) throw failure;
    wasPieced = partial.bytes > 0;
    await delay(retryDelayMs * 2 ** fruitless);
  }
}

/** One request for what is missing. @returns why it should be tried again; null when the wheel is whole */
async function fetchInto(partial: PartialWheel, { url, headers }: FileLocation): Promise<ConfigError | null> {
  try {
    const range: Record<string, string> = partial.bytes > 0 ? { range: `bytes=${partial.bytes}-` } : {};
    const response = await fetch(url, { headers: { ...headers, ...range, 'accept-encoding': 'identity' } });
    if (response.status === 416) {
      await partial.restart();
      return new ConfigError(`${locationName(url)} answers with 416`);
    }
    if (!response.ok) {
      const failure = new ConfigError(`${locationName(url)} answers with ${response.status}`);
      if (response.status < 500 && response.status !== 429) throw failure;
      return failure;
    }
    if (!continues(response, partial.bytes)) await partial.restart();
    for await (const chunk of response.body ?? []) await partial.append(chunk as Uint8Array);
    return partial.isWhole ? null : new ConfigError(`${locationName(url)} ended early, after ${partial.bytes} bytes`);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (isSystemError(error)) throw error;
    return fetchFailure(url, error) as ConfigError;
  }
}

function continues(response: Response, from: number): boolean {
  return response.status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${from}-`) === true;
}

/** Of the disk; fetch() wraps those of the network. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'write';
}

/** The part of a wheel that is on disk, with the hash of it. */
class PartialWheel {
  readonly wheel: Wheel;
  readonly #handle: FileHandle;
  readonly #onBytes: (bytes: number) => void;
  #hash: Hash = createHash('sha256');
  #bytes = 0;

  constructor(handle: FileHandle, wheel: Wheel, onBytes: (bytes: number) => void) {
    this.#handle = handle;
    this.wheel = wheel;
    this.#onBytes = onBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isWhole(): boolean {
    return this.#bytes === this.wheel.byteLength;
  }

  get matches(): boolean {
    return this.sha256 === this.wheel.sha256;
  }

  get sha256(): string {
    return this.#hash.copy().digest('hex');
  }

  /** Takes what the file holds; more than the wheel has is nothing to continue from. */
  async readExisting(): Promise<void> {
    const { size } = await this.#handle.stat();
    if (size > this.wheel.byteLength) return await this.restart();
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    while (this.#bytes < size) {
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.#bytes);
      if (bytesRead === 0) break;
      this.#hash.update(buffer.subarray(0, bytesRead));
      this.#bytes += bytesRead;
    }
    this.#onBytes(this.#bytes);
  }

  async restart(): Promise<void> {
    await this.#handle.truncate(0);
    this.#hash = createHash('sha256');
    this.#bytes = 0;
    this.#onBytes(0);
  }

  /** @throws ConfigError when the server sends more than the wheel has */
  async append(chunk: Uint8Array): Promise<void> {
    if (this.#bytes + chunk.length > this.wheel.byteLength) {
      throw new ConfigError(`${this.wheel.filename}: the server sends more than its ${this.wheel.byteLength} bytes`);
    }
    for (let written = 0; written < chunk.length; ) {
      const { bytesWritten } = await this.#handle.write(chunk, written, chunk.length - written, this.#bytes + written);
      written += bytesWritten;
    }
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    this.#onBytes(this.#bytes);
  }
}
