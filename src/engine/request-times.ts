import type { GenerationTimes } from './engine.ts';
import { monotonicMs } from './monotonic-clock.ts';

/** The clock of one request: when it was submitted, got its blocks, and got its tokens. */
export class RequestTimes implements GenerationTimes {
  readonly #submittedAt = monotonicMs();
  #admittedAt: number | null = null;
  #startedAt: number | null = null;
  #firstTokenAt: number | null = null;
  #lastTokenAt: number | null = null;

  get isWaiting(): boolean {
    return this.#admittedAt === null;
  }

  get totalMs(): number {
    return monotonicMs() - this.#submittedAt;
  }

  get queueMs(): number {
    return (this.#admittedAt ?? monotonicMs()) - this.#submittedAt;
  }

  get prefillMs(): number {
    if (this.#admittedAt === null) return 0;
    return (this.#firstTokenAt ?? this.#startedAt ?? monotonicMs()) - this.#admittedAt;
  }

  get decodeMs(): number {
    return this.#firstTokenAt === null || this.#lastTokenAt === null ? 0 : this.#lastTokenAt - this.#firstTokenAt;
  }

  /** The scheduler gave it blocks; again after a preemption, which does not count. @param at monotonic milliseconds, known here later */
  admit(at: number): void {
    this.#admittedAt ??= at;
  }

  /** The prompt is computed. */
  start(): void {
    this.#startedAt = monotonicMs();
  }

  /** @returns whether the token is the first, and the time since the one before it or, for the first, since submission */
  addToken(): { isFirst: boolean; sinceMs: number } {
    const now = monotonicMs();
    const isFirst = this.#lastTokenAt === null;
    const sinceMs = now - (this.#lastTokenAt ?? this.#submittedAt);
    this.#firstTokenAt ??= now;
    this.#lastTokenAt = now;
    return { isFirst, sinceMs };
  }
}
