import { Presets, SingleBar } from 'cli-progress';
import { formatBytes } from '../format.ts';
import type { InstallEvent } from './install.ts';

/** Without a terminal there is a line at most this often. */
const LINE_INTERVAL_MS = 5000;

/** Tells a person how an installation goes: a bar on a terminal, else single lines. */
export class InstallProgress {
  readonly #write: (line: string) => void;
  readonly #bar: SingleBar | null;
  #isShown = false;
  #isWaiting = false;
  #nextLineAt = 0;

  /** @param terminal where a bar may be drawn; null for lines alone */
  constructor(write: (line: string) => void, terminal: NodeJS.WriteStream | null) {
    this.#write = write;
    const format = '{bar} {percentage}% | {done} of {size} | {what}';
    // The process may end while the bar is shown: the terminal's settings stay as they are.
    const terminalKept = { hideCursor: false, linewrap: true, clearOnComplete: true, barsize: 20 };
    this.#bar =
      terminal === null ? null : new SingleBar({ stream: terminal, format, ...terminalKept }, Presets.shades_classic);
  }

  report(event: InstallEvent): void {
    if (event.phase === 'waiting') {
      if (!this.#isWaiting) this.#write('another process is installing the same files: waiting for it');
      this.#isWaiting = true;
      return;
    }
    const { bytesDone, bytesTotal, wheel, phase } = event;
    const name = `${wheel.project} ${wheel.version}`;
    const state = {
      done: formatBytes(bytesDone),
      size: formatBytes(bytesTotal),
      what: phase === 'unpacking' ? `unpacking ${name}` : name,
    };
    if (this.#bar === null) {
      if (phase !== 'unpacking' && performance.now() < this.#nextLineAt) return;
      this.#nextLineAt = performance.now() + LINE_INTERVAL_MS;
      this.#write(`${state.done} of ${state.size}: ${state.what}`);
    } else if (this.#isShown) {
      this.#bar.update(bytesDone, state);
    } else {
      this.#isShown = true;
      this.#bar.start(bytesTotal, bytesDone, state);
    }
  }

  /** Removes the bar, so that what follows is readable. */
  stop(): void {
    if (this.#isShown) this.#bar?.stop();
    this.#isShown = false;
  }
}
