import { CheckpointError, ConfigError } from '../errors.ts';
import type { DeviceMemory } from '../ranks/load-rank.ts';
import type { PagedStepMemory } from '../ranks/paged-step-buffers.ts';
import type { RankLink } from '../ranks/rank-link.ts';
import type { RankCommand, RankFault, RankMessage, RankWorkerData } from '../ranks/rank-messages.ts';
import type { StepMemory } from '../ranks/step-buffers.ts';
import type { LaunchEvent } from './engine-settings.ts';
import { WorkerThread } from './worker-thread.ts';

type Milestone = 'loaded' | 'attached';

/** The rank's thread, seen from the main thread while it starts. */
export class RankThread {
  readonly ended: Promise<Error | null>;
  readonly #thread: WorkerThread<RankMessage, RankCommand>;
  readonly #onEvent: (event: LaunchEvent) => void;
  readonly #began = performance.now();
  #memory: DeviceMemory | null = null;
  /** What the rank listens to once it is attached. */
  #link: RankLink | null = null;
  #waiting: { type: Milestone; resolve: () => void; reject: (error: Error) => void } | null = null;

  private constructor(data: RankWorkerData, onEvent: (event: LaunchEvent) => void) {
    this.#onEvent = onEvent;
    this.#thread = new WorkerThread('ranks/rank-worker.js', data, (message: RankMessage) => this.#receive(message));
    this.ended = this.#thread.ended;
    void this.ended.then((error) =>
      this.#waiting?.reject(error ?? new Error('the rank thread ended while it started')),
    );
  }

  /** Packs the checkpoint if need be and loads it. @throws CheckpointError */
  static async load(data: RankWorkerData, onEvent: (event: LaunchEvent) => void): Promise<RankThread> {
    const rank = new RankThread(data, onEvent);
    await rank.#until('loaded');
    return rank;
  }

  /** What the device has left beside the weights; null: it uses the host's memory. */
  get memory(): DeviceMemory | null {
    return this.#memory;
  }

  /** Allocates the pool; from here on the rank listens to `link` alone. */
  async attach(numBlocks: number, stepMemory: StepMemory | PagedStepMemory, link: RankLink): Promise<void> {
    this.#link = link;
    const attached = this.#until('attached');
    this.#thread.send({ type: 'attach', numBlocks, stepMemory, linkMemory: link.memory });
    await attached;
  }

  /** Ends a rank that was loaded but will not serve; no step may be under way. */
  async abandon(): Promise<void> {
    this.#link?.stop();
    this.#thread.send({ type: 'stop' });
    await this.ended;
  }

  #until(type: Milestone): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting = { type, resolve, reject };
    });
  }

  #receive(message: RankMessage): void {
    switch (message.type) {
      case 'packing':
        this.#onEvent({ phase: 'packing', bytesDone: message.bytesDone, bytesTotal: message.bytesTotal });
        break;
      case 'loading':
        this.#onEvent({ phase: 'loading' });
        break;
      case 'failed':
        this.#waiting?.reject(toError(message.fault));
        break;
      default:
        if (message.type === 'loaded') {
          this.#memory = message.memory;
          this.#onEvent({ phase: 'loaded', seconds: (performance.now() - this.#began) / 1000 });
        }
        if (this.#waiting?.type === message.type) this.#waiting.resolve();
    }
  }
}

/** Gives an error its class back. */
function toError(fault: RankFault): Error {
  switch (fault.kind) {
    case 'checkpoint': {
      const prefix = `${fault.file}: `;
      const reason = fault.message.startsWith(prefix) ? fault.message.slice(prefix.length) : fault.message;
      return new CheckpointError(fault.file, reason);
    }
    case 'config':
      return new ConfigError(fault.message);
    case 'bug':
      return Object.assign(new Error(fault.message), { stack: fault.stack });
  }
}
