import { type FileHandle, open } from 'node:fs/promises';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { PackPlan } from '../deepseek-v2/packed-weights.ts';
import type { PackLayout } from './layout.ts';
import { blockCapacity, packBlocks } from './pack-blocks.ts';
import type { OnPackProgress } from './progress.ts';
import { BlockBuffers, type Piece, readBlock } from './read-rows.ts';

/** Values in a block: up to 8 MiB, large enough for any disk. */
const BLOCK_ELEMENTS = 2 * 1024 * 1024;
/** Blocks under way at once: while one is converted, others are read and written. */
const LANES = 4;

export interface WriteWeightsOptions {
  readonly file: string;
  readonly checkpoint: Checkpoint;
  readonly plan: PackPlan;
  readonly layout: PackLayout;
  readonly onProgress?: OnPackProgress | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly blockElements?: number;
}

/**
 * Writes weights.bin and forces it to the disk. Memory is bounded by the blocks under way, whatever the model's size.
 * @throws CheckpointError when a source cannot be read any more or does not fit the packed type; a system error when the target cannot be written; the
 *   signal's reason
 */
export async function writeWeights(options: WriteWeightsOptions): Promise<void> {
  const { file, checkpoint, plan, layout, onProgress, signal } = options;
  const capacity = blockCapacity(plan, options.blockElements ?? BLOCK_ELEMENTS);
  const blocks = packBlocks(plan, layout, capacity);
  const bytesTotal = [...layout.tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  let bytesDone = 0;
  let failed = false;

  const handle = await open(file, 'wx');
  try {
    await handle.truncate(layout.byteLength);
    const lane = async (): Promise<void> => {
      const buffers = new BlockBuffers(capacity);
      for (const block of blocks) {
        signal?.throwIfAborted();
        for (const piece of await readBlock(checkpoint, block, buffers)) {
          await writePiece(handle, piece);
          bytesDone += piece.bytes.byteLength;
        }
        onProgress?.({ phase: 'packing', bytesDone, bytesTotal });
        if (failed) return;
      }
    };
    // Every lane has stopped before the file is closed, also when one fails.
    const results = await Promise.allSettled(
      Array.from({ length: LANES }, () =>
        lane().catch((error: unknown) => {
          failed = true;
          throw error;
        }),
      ),
    );
    const failure = results.find((result) => result.status === 'rejected');
    if (failure) throw failure.reason;
    onProgress?.({ phase: 'syncing', bytesDone, bytesTotal });
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writePiece(handle: FileHandle, { byteOffset, bytes }: Piece): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const position = byteOffset + done;
    const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done, position);
    done += bytesWritten;
  }
}
