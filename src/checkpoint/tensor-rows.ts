import { readSync } from 'node:fs';
import { CheckpointError, invariant } from '../errors.ts';
import type { SafetensorsDtype } from './dtype.ts';
import { fileError } from './file-error.ts';

/** Where the rows of a tensor lie: plain data, with which every thread of the process can read them while the checkpoint is open. */
export interface TensorRows {
  readonly dtype: SafetensorsDtype;
  /** For messages. */
  readonly file: string;
  /** Descriptor of the open file. */
  readonly fd: number;
  /** Position in the file of the first row. */
  readonly byteOffset: number;
  /** The first dimension counts rows; a vector and a scalar are one row. */
  readonly count: number;
  readonly bytesPerRow: number;
}

/**
 * Reads rows [start, start + count), as they lie in the file, into `into`, whose length must be theirs. Blocks this thread.
 * @throws CheckpointError when the file has become shorter or cannot be read any more
 */
export function readRows(rows: TensorRows, start: number, count: number, into: Uint8Array): void {
  const { file, fd, byteOffset, bytesPerRow } = rows;
  invariant(start >= 0 && count >= 0 && start + count <= rows.count, `rows outside of a tensor in ${file}`);
  invariant(into.byteLength === count * bytesPerRow, `a buffer for rows in ${file} does not fit them`);
  const position = byteOffset + start * bytesPerRow;
  let done = 0;
  while (done < into.byteLength) {
    const bytesRead = readAt(file, fd, into.subarray(done), position + done);
    if (bytesRead === 0) throw new CheckpointError(file, 'became shorter while it was read');
    done += bytesRead;
  }
}

function readAt(file: string, fd: number, into: Uint8Array, position: number): number {
  try {
    return readSync(fd, into, 0, into.byteLength, position);
  } catch (error) {
    throw fileError(file, error);
  }
}
