import { availableParallelism } from 'node:os';
import { Presets, SingleBar } from 'cli-progress';
import type { LaunchEvent } from '../engine/engine-settings.ts';
import type { Logger } from '../telemetry/logger.ts';
import { formatBytes } from './format.ts';

/** Without a terminal, packing tells how far it is at most this often. */
const LINE_INTERVAL_MS = 5000;

/** Tells a person how a start goes: a bar on a terminal while packing, else single log lines. */
export class LaunchReporter {
  readonly #logger: Logger;
  readonly #bar: SingleBar | null;
  #isPacking = false;
  #nextLineAt = 0;

  /** @param terminal where a bar may be drawn; null for log lines alone */
  constructor(logger: Logger, terminal: NodeJS.WriteStream | null) {
    this.#logger = logger;
    const format = 'packing weights {bar} {percentage}% | {done} of {size} | {eta_formatted}';
    // The process may end while the bar is shown: the terminal's settings stay as they are.
    const terminalKept = { hideCursor: false, linewrap: true, clearOnComplete: true };
    this.#bar =
      terminal === null ? null : new SingleBar({ stream: terminal, format, ...terminalKept }, Presets.shades_classic);
  }

  report(event: LaunchEvent): void {
    if (event.phase === 'packing') {
      this.#packing(event.bytesDone, event.bytesTotal);
      return;
    }
    this.stop();
    switch (event.phase) {
      case 'loading':
        this.#logger.info('loading the weights into ONNX Runtime');
        break;
      case 'loaded':
        this.#logger.info({ seconds: round(event.seconds) }, 'weights loaded');
        break;
      case 'cache':
        this.#logger.info(event.explanation);
        break;
      case 'warm-up':
        this.#logger.debug({ tokens: event.numTokens, ms: round(event.stepMs) }, 'warm-up step');
        break;
      case 'ready':
        this.#logger.info(
          {
            maxModelLen: event.maxModelLen,
            maxNumBatchedTokens: event.maxNumBatchedTokens,
            seconds: round(event.seconds),
          },
          'engine ready',
        );
    }
  }

  /** Removes the bar, so that what follows is readable. */
  stop(): void {
    if (this.#isPacking) this.#bar?.stop();
    this.#isPacking = false;
  }

  #packing(bytesDone: number, bytesTotal: number): void {
    const sizes = { done: formatBytes(bytesDone), size: formatBytes(bytesTotal) };
    if (!this.#isPacking) {
      this.#isPacking = true;
      this.#logger.info(`packing ${sizes.size} of weights for this device; later starts skip this`);
      this.#nextLineAt = performance.now() + LINE_INTERVAL_MS;
      this.#bar?.start(bytesTotal, bytesDone, sizes);
    } else if (this.#bar !== null) {
      this.#bar.update(bytesDone, sizes);
    } else if (performance.now() >= this.#nextLineAt) {
      this.#nextLineAt = performance.now() + LINE_INTERVAL_MS;
      this.#logger.info(`packed ${sizes.done} of ${sizes.size} (${Math.floor((100 * bytesDone) / bytesTotal)} %)`);
    }
  }
}

/** Threads that ONNX Runtime will use. @param numThreads null for one per core */
export function effectiveThreads(numThreads: number | null): number {
  return numThreads ?? availableParallelism();
}

function round(value: number): number {
  return Number(value.toFixed(2));
}
