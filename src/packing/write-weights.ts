import { open } from 'node:fs/promises';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { PackPlan } from '../deepseek-v2/packed-weights.ts';
import { BlockClaims } from './block-claims.ts';
import { EarlySync } from './early-sync.ts';
import type { PackLayout } from './layout.ts';
import type { OnPackProgress } from './progress.ts';
import { runJob } from './run-job.ts';
import { packWorkers } from './worker-count.ts';

/** Values in a block: what a thread reads, converts and writes stays in its core's cache. */
const BLOCK_ELEMENTS = 128 * 1024;

export interface WriteWeightsOptions {
  readonly file: string;
  readonly checkpoint: Checkpoint;
  readonly plan: PackPlan;
  readonly layout: PackLayout;
  readonly onProgress?: OnPackProgress | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly blockElements?: number;
  /** Threads that pack, 0: the one that calls. By default as many as the size and the machine call for. */
  readonly workers?: number | undefined;
}

/**
 * Writes weights.bin and forces it to the disk. Memory is bounded by a block for each thread, read and packed (1 MiB, or two rows where these are larger),
 * whatever the model's size.
 * @throws CheckpointError when a source cannot be read any more or does not fit the packed type; a system error when the target cannot be written; the
 *   signal's reason
 */
export async function writeWeights(options: WriteWeightsOptions): Promise<void> {
  const { file, checkpoint, plan, layout, onProgress, signal } = options;
  const bytesTotal = [...layout.tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  let bytesDone = 0;

  const handle = await open(file, 'wx');
  const disk = new EarlySync(handle);
  try {
    await handle.truncate(layout.byteLength);
    await runJob({
      job: {
        plan: { tensors: plan.tensors, sourceShapes: plan.sourceShapes },
        layout,
        sources: new Map([...plan.sourceShapes.keys()].map((name) => [name, checkpoint.rowsOf(name)])),
        blockElements: options.blockElements ?? BLOCK_ELEMENTS,
        fd: handle.fd,
        claims: new BlockClaims().memory,
      },
      workers: options.workers ?? packWorkers(bytesTotal),
      onWritten: (bytes) => {
        bytesDone += bytes;
        onProgress?.({ phase: 'packing', bytesDone, bytesTotal });
        disk.add(bytes);
      },
      signal,
    });
    onProgress?.({ phase: 'syncing', bytesDone, bytesTotal });
    await disk.finish();
  } finally {
    await disk.settle();
    await handle.close();
  }
}
