import { Worker } from 'node:worker_threads';

/** Workers start from compiled files: Node 20 cannot run a `.ts` entry, and a test runner does not transform one. */
const DIST = new URL('../../dist/', import.meta.url);

/**
 * A worker thread with typed messages, and one answer to the question how it ended. Ended by message only: terminating
 * a thread inside a native call would take the process along.
 */
export class WorkerThread<Incoming, Outgoing> {
  /** Settles when the thread is over: null when it ended by itself, an error when it threw. */
  readonly ended: Promise<Error | null>;
  readonly #worker: Worker;

  /**
   * @param entry compiled file, relative to dist
   * @param onMessage called for every message
   */
  constructor(entry: string, workerData: unknown, onMessage: (message: Incoming) => void) {
    this.#worker = new Worker(new URL(entry, DIST), { workerData, execArgv: [], name: entry });
    this.#worker.on('message', onMessage);
    this.ended = new Promise((resolve) => {
      this.#worker.once('error', (error) => resolve(error instanceof Error ? error : new Error(String(error))));
      this.#worker.once('exit', (code) => resolve(code === 0 ? null : new Error(`${entry} exited with code ${code}`)));
    });
  }

  send(message: Outgoing): void {
    this.#worker.postMessage(message);
  }
}
