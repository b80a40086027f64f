import { availableParallelism } from 'node:os';

/** Below this many bytes one thread is done before others have started, which takes them some 40 ms. */
const MIN_BYTES = 128 * 1024 * 1024;
/** One file takes no more: its writes wait for each other in most file systems. */
const MAX_WORKERS = 8;

/** Threads to pack `bytes` with; 0: no others than the one that asks. */
export function packWorkers(bytes: number): number {
  const cores = availableParallelism();
  return bytes < MIN_BYTES || cores === 1 ? 0 : Math.min(cores, MAX_WORKERS);
}
