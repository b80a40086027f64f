import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory of a process in bytes (Linux). @throws Error when it does not exist */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kilobytes === undefined) throw new Error(`process ${pid} has ended`);
  return Number(kilobytes) * 1024;
}

/** Open file descriptors of a process (Linux). @throws Error when it does not exist or is another user's */
export function openFileDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Reads a process's resident memory every second. */
export class MemoryWatch {
  readonly samples: number[] = [];
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => {
      try {
        this.#sample();
      } catch {
        this.stop(); // The process has ended: level() says so where it can be answered.
      }
    }, 1000);
  }

  /** The level now: the median of the last five samples, so that one garbage collection does not decide. */
  level(): number {
    this.#sample();
    const last = this.samples.slice(-5).sort((a, b) => a - b);
    return last[last.length >> 1]!;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    this.samples.push(residentBytes(this.#pid));
  }
}
