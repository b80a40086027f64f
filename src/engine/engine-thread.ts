import type { LaunchEvent } from './engine-settings.ts';
import type { EngineCommand, EngineMessage, EngineWorkerData } from './messages.ts';
import { WorkerThread } from './worker-thread.ts';

/** The engine's thread, seen from the main thread. */
export class EngineThread {
  readonly ended: Promise<Error | null>;
  /** Resolves when the engine reports a failure or its thread ends with one. */
  readonly failed: Promise<Error>;
  readonly #thread: WorkerThread<EngineMessage, EngineCommand>;
  readonly #bell: Int32Array;
  readonly #onEvent: (event: LaunchEvent) => void;
  #onMessage: (message: EngineMessage) => void = () => {};
  #fail: (error: Error) => void = () => {};
  #ready: (budget: number) => void = () => {};
  #maxNumBatchedTokens = 0;

  private constructor(data: EngineWorkerData, onEvent: (event: LaunchEvent) => void) {
    this.#onEvent = onEvent;
    this.#bell = new Int32Array(data.bell);
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
    this.#thread = new WorkerThread('engine/engine-worker.js', data, (message: EngineMessage) =>
      this.#receive(message),
    );
    this.ended = this.#thread.ended;
    void this.ended.then((error) => this.#fail(error ?? new Error('the engine thread ended')));
  }

  /** Starts the thread; resolves after its warm-up. */
  static async start(
    data: Omit<EngineWorkerData, 'bell'>,
    onEvent: (event: LaunchEvent) => void,
  ): Promise<EngineThread> {
    const engine = new EngineThread({ ...data, bell: new SharedArrayBuffer(4) }, onEvent);
    const ready = new Promise<number>((resolve) => {
      engine.#ready = resolve;
    });
    const failed = engine.failed.then((error) => Promise.reject(error));
    engine.#maxNumBatchedTokens = await Promise.race([ready, failed]);
    return engine;
  }

  /** The token budget of a step. */
  get maxNumBatchedTokens(): number {
    return this.#maxNumBatchedTokens;
  }

  onMessage(listener: (message: EngineMessage) => void): void {
    this.#onMessage = listener;
  }

  /** Sends a command and wakes the engine if it sleeps. */
  send(command: EngineCommand): void {
    this.#thread.send(command);
    Atomics.add(this.#bell, 0, 1);
    Atomics.notify(this.#bell, 0);
  }

  #receive(message: EngineMessage): void {
    switch (message.type) {
      case 'warm-up':
        this.#onEvent({ phase: 'warm-up', numTokens: message.numTokens, stepMs: message.stepMs });
        break;
      case 'ready':
        this.#ready(message.maxNumBatchedTokens);
        break;
      case 'failed':
        this.#fail(Object.assign(new Error(message.message), { stack: message.stack }));
        break;
      default:
        this.#onMessage(message);
    }
  }
}
