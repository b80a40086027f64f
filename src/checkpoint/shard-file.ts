import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { CheckpointError } from '../errors.ts';
import { fileError } from './file-error.ts';
import { requireRegularFile, stampOf } from './regular-file.ts';
import { type HeaderTensor, MAX_HEADER_BYTES, parseSafetensorsHeader } from './safetensors-header.ts';

const LENGTH_BYTES = 8;
const LFS_POINTER = 'version https://git-lfs';

/** One open safetensors file. Every read is positional and bounded; the file is never loaded whole. */
export class ShardFile {
  /** As the folder or the index calls it, for messages. */
  readonly path: string;
  readonly size: number;
  readonly mtimeNs: bigint;
  /** SHA-256 of the length field and the header, in hex. */
  readonly headerHash: string;
  /** In the order of their data. */
  readonly tensors: readonly HeaderTensor[];
  /** Position of the first tensor's first byte. */
  readonly dataStart: number;
  readonly #handle: FileHandle;

  private constructor(
    path: string,
    handle: FileHandle,
    stamp: { size: number; mtimeNs: bigint },
    header: { hash: string; tensors: readonly HeaderTensor[]; dataStart: number },
  ) {
    this.path = path;
    this.#handle = handle;
    this.size = stamp.size;
    this.mtimeNs = stamp.mtimeNs;
    this.headerHash = header.hash;
    this.tensors = header.tensors;
    this.dataStart = header.dataStart;
  }

  /**
   * Opens `realPath` and reads its header; messages call it `path`.
   * @throws CheckpointError
   */
  static async open(path: string, realPath = path): Promise<ShardFile> {
    try {
      await requireRegularFile(realPath);
      const handle = await open(realPath, 'r');
      try {
        const stamp = stampOf(path, await handle.stat({ bigint: true }));
        return new ShardFile(path, handle, stamp, await readHeader(handle, path, stamp.size));
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (error) {
      throw fileError(path, error);
    }
  }

  /**
   * Fills `into` from byte `position` of the file on.
   * @throws CheckpointError when the file has become shorter or cannot be read
   */
  async readAt(position: number, into: Uint8Array): Promise<void> {
    try {
      await readFully(this.#handle, this.path, position, into);
    } catch (error) {
      throw fileError(this.path, error);
    }
  }

  /** Its descriptor, for reads by other threads; until {@link close}. */
  get fd(): number {
    return this.#handle.fd;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

async function readFully(handle: FileHandle, path: string, position: number, into: Uint8Array): Promise<void> {
  let done = 0;
  while (done < into.byteLength) {
    const { bytesRead } = await handle.read(into, done, into.byteLength - done, position + done);
    if (bytesRead === 0) throw new CheckpointError(path, 'became shorter while it was read');
    done += bytesRead;
  }
}

async function readHeader(
  handle: FileHandle,
  path: string,
  size: number,
): Promise<{ hash: string; tensors: readonly HeaderTensor[]; dataStart: number }> {
  if (size === 0) throw new CheckpointError(path, 'is empty');
  const start = new Uint8Array(Math.min(size, LFS_POINTER.length));
  await readFully(handle, path, 0, start);
  if (new TextDecoder().decode(start) === LFS_POINTER) {
    throw new CheckpointError(path, 'is a Git LFS pointer, not the weights: run `git lfs pull` in the model folder');
  }
  if (size < LENGTH_BYTES) throw new CheckpointError(path, `is not a safetensors file: it has only ${size} bytes`);
  const length = new DataView(start.buffer).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new CheckpointError(path, `is not a safetensors file: it claims a header of ${length} bytes`);
  }
  const headerBytes = Number(length);
  const dataStart = LENGTH_BYTES + headerBytes;
  if (dataStart > size) {
    throw new CheckpointError(path, `is cut short: its header has ${headerBytes} bytes, the whole file ${size}`);
  }
  const header = new Uint8Array(headerBytes);
  await readFully(handle, path, LENGTH_BYTES, header);
  const tensors = parseSafetensorsHeader(header, size - dataStart, path);
  const hash = createHash('sha256').update(start.subarray(0, LENGTH_BYTES)).update(header).digest('hex');
  return { hash, tensors, dataStart };
}
