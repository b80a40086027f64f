import { anyOf } from './added-tokens.ts';

/** Noncharacters that Unicode reserves for use inside a program. */
const CANDIDATES = Array.from({ length: 32 }, (_, i) => String.fromCharCode(0xfdd0 + i));

/** Up to `count` noncharacters that `text` does not contain. */
export function unusedNoncharacters(text: string, count: number): string[] {
  const unused: string[] = [];
  for (const candidate of CANDIDATES) {
    if (unused.length === count) break;
    if (!text.includes(candidate)) unused.push(candidate);
  }
  return unused;
}

/**
 * Keeps special tokens in untrusted text from being taken for the template's own. A separator (a character that occurs
 * nowhere) is put into every one of them before the template runs and removed again once the template's special tokens
 * have been found, so the text between them reaches BPE exactly as it was written, joined with what stands next to it.
 * Templates may trim, inspect or re-order the texts meanwhile. Tokens of one character read the same either way, and a
 * template that writes both ends of a special token around a text means it.
 */
export class SpecialTokenShield {
  /** The first character of every special token in a text. */
  readonly #starts: RegExp | null;
  /** Beginnings and ends of special tokens: what the edge of a text must not lend to its neighbour. */
  readonly #beginnings = new Set<string>();
  readonly #ends = new Set<string>();
  readonly #maxLength: number;

  constructor(tokens: readonly string[]) {
    const breakable = tokens.filter((token) => [...token].length > 1);
    this.#starts = breakable.length === 0 ? null : new RegExp(`(?=${anyOf(breakable)})[\\s\\S]`, 'gu');
    this.#maxLength = Math.max(0, ...breakable.map(({ length }) => length));
    for (const token of breakable) {
      for (let at = 1; at < token.length; at++) {
        this.#beginnings.add(token.slice(0, at));
        this.#ends.add(token.slice(at));
      }
    }
  }

  /** The text with `separator` in every special token and at an edge that could be part of one. */
  shield(text: string, separator: string): string {
    if (!this.#starts) return text;
    const inner = text.replace(this.#starts, `$&${separator}`);
    // Templates may trim, so the edges are those of the trimmed text.
    const trimmed = inner.trim();
    const lengths = Array.from({ length: Math.min(this.#maxLength, trimmed.length) }, (_, i) => i + 1);
    const head = lengths.some((length) => this.#ends.has(trimmed.slice(0, length))) ? separator : '';
    const tail = lengths.some((length) => this.#beginnings.has(trimmed.slice(-length))) ? separator : '';
    const start = inner.length - inner.trimStart().length;
    return inner.slice(0, start) + head + trimmed + tail + inner.slice(start + trimmed.length);
  }

  /** The same for every string inside a JSON value, keys included. */
  shieldAll(value: unknown, separator: string): unknown {
    if (typeof value === 'string') return this.shield(value, separator);
    if (Array.isArray(value)) return value.map((item) => this.shieldAll(item, separator));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [this.shield(key, separator), this.shieldAll(item, separator)]),
    );
  }
}
