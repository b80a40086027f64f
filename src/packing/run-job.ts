import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { BlockClaims } from './block-claims.ts';
import { ByteMeter } from './byte-meter.ts';
import { type PackWorkerMessage, toError } from './pack-fault.ts';
import { type PackJob, packShare } from './pack-job.ts';

export interface RunOptions {
  readonly job: PackJob;
  /** Threads that pack; 0: this one. */
  readonly workers: number;
  /** Called in this thread with the bytes written since the call before; what it throws ends the job. */
  readonly onWritten: (bytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Packs all blocks of a job. When one thread fails or the signal aborts, the others finish the block that they have. Every thread is over when this
 * settles: nobody reads or writes the job's files any more.
 * @throws the first failure of a thread or of `onWritten`; the signal's reason
 */
export async function runJob(options: RunOptions): Promise<void> {
  const { job, workers, signal } = options;
  const claims = new BlockClaims(job.claims);
  const stop = (): void => claims.stop();
  signal?.addEventListener('abort', stop);
  try {
    signal?.throwIfAborted();
    await (workers === 0 ? packHere(options) : packInWorkers(options, claims));
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

async function packHere({ job, onWritten }: RunOptions): Promise<void> {
  const meter = new ByteMeter(onWritten);
  for (const bytes of packShare(job)) {
    meter.add(bytes);
    // The rest of the program, an abort among it, gets its turn between blocks.
    await turn();
  }
  meter.flush();
}

async function packInWorkers({ job, workers, onWritten }: RunOptions, claims: BlockClaims): Promise<void> {
  const failures: unknown[] = [];
  const fail = (error: unknown): void => {
    failures.push(error);
    claims.stop();
  };
  const receive = (message: PackWorkerMessage): void => {
    try {
      if (message.type === 'failed') throw toError(message.fault);
      // What still comes from others after a failure is of no use to anybody.
      if (failures.length === 0) onWritten(message.bytes);
    } catch (error) {
      fail(error);
    }
  };
  const ended: Promise<void>[] = [];
  try {
    for (let i = 0; i < workers; i++) ended.push(runWorker(job, receive, fail));
  } catch (error) {
    fail(error);
  }
  await Promise.all(ended);
  if (failures.length > 0) throw failures[0];
}

/** Starts a thread. @returns settles when it is over */
function runWorker(
  job: PackJob,
  receive: (message: PackWorkerMessage) => void,
  fail: (error: unknown) => void,
): Promise<void> {
  const worker = new Worker(workerEntry(), { workerData: job, execArgv: [], name: 'packing' });
  worker.on('message', receive);
  worker.on('error', fail);
  return new Promise((resolve) => {
    worker.once('exit', (code) => {
      if (code !== 0) fail(new Error(`a packing thread ended with code ${code}`));
      resolve();
    });
  });
}

/** A worker entry is a built file, also when this module runs from its TypeScript source. */
function workerEntry(): URL {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(isSource ? '../../dist/packing/pack-worker.js' : './pack-worker.js', import.meta.url);
}
