import { invariant } from '../errors.ts';

export interface StopMatch {
  /** Text that may be shown: no stop string can begin in it any more. */
  readonly text: string;
  /** The stop string that ended the text; null while none has. */
  readonly stopped: string | null;
}

/** One stop string and how much of it the text so far ends with (Knuth, Morris, Pratt). */
class StopPattern {
  readonly stop: string;
  /** Length of the longest beginning of the stop string that the text ends with. */
  matched = 0;
  /** For each length, the longest shorter beginning that is also an end of it. [length + 1] */
  readonly #fallback: number[];

  constructor(stop: string) {
    this.stop = stop;
    this.#fallback = [0, 0];
    for (let length = 1, shorter = 0; length < stop.length; length++) {
      while (shorter > 0 && stop[length] !== stop[shorter]) shorter = this.#fallback[shorter]!;
      if (stop[length] === stop[shorter]) shorter++;
      this.#fallback.push(shorter);
    }
  }

  /** Takes one UTF-16 unit; true when the text now ends with the whole stop string. */
  advance(unit: string): boolean {
    if (this.matched === this.stop.length) this.matched = this.#fallback[this.matched]!;
    while (this.matched > 0 && unit !== this.stop[this.matched]) this.matched = this.#fallback[this.matched]!;
    if (unit === this.stop[this.matched]) this.matched++;
    return this.matched === this.stop.length;
  }
}

/**
 * Looks for stop strings in text that comes in pieces. The result does not depend on where the pieces are cut: the stop
 * string that is complete first wins, and of those complete at the same character the longest, so the text ends before it.
 */
export class StopMatcher {
  readonly #patterns: readonly StopPattern[];
  readonly #includesStop: boolean;
  /** End of the text so far that may yet turn out to begin a stop string. */
  #held = '';
  #isStopped = false;

  /** @param stops not empty strings; lone surrogates in them count as U+FFFD, as everywhere in the output */
  constructor(stops: readonly string[], { includeStopStrInOutput }: { readonly includeStopStrInOutput: boolean }) {
    invariant(!stops.includes(''), 'an empty stop string would match everywhere');
    this.#patterns = stops.map((stop) => new StopPattern(stop.replace(/\p{Surrogate}/gu, '\uFFFD')));
    this.#includesStop = includeStopStrInOutput;
  }

  /** @param mayStop false: a stop string that is complete within this piece does not count (vLLM's min_tokens) */
  push(piece: string, mayStop = true): StopMatch {
    invariant(!this.#isStopped, 'text after a stop string');
    const text = this.#held + piece;
    for (let i = this.#held.length; i < text.length; i++) {
      const stop = this.#advance(text[i]!);
      if (stop === null || !mayStop) continue;
      this.#isStopped = true;
      this.#held = '';
      return { text: text.slice(0, this.#includesStop ? i + 1 : i + 1 - stop.length), stopped: stop };
    }
    const shown = text.length - this.#numHeld();
    this.#held = text.slice(shown);
    return { text: text.slice(0, shown), stopped: null };
  }

  /** The end of the text: what was held back. */
  flush(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }

  #advance(unit: string): string | null {
    let longest: string | null = null;
    for (const pattern of this.#patterns) {
      if (pattern.advance(unit) && pattern.stop.length > (longest?.length ?? 0)) longest = pattern.stop;
    }
    return longest;
  }

  /** With the stop string kept in the output nothing need be held back: the text is cut after it. */
  #numHeld(): number {
    return this.#includesStop ? 0 : this.#patterns.reduce((most, { matched }) => Math.max(most, matched), 0);
  }
}
