import { isUtf8 } from 'node:buffer';
import { bytesOfToken } from './byte-level.ts';
import { decodeUtf8 } from './utf8.ts';

const EMPTY = new Uint8Array(0);

/** What each token id spells: all bytes in one array, texts made on first use. Shared by every request. */
export class TokenTable {
  /** Ids below this exist. */
  readonly size: number;
  /** Bytes of the longest token. */
  readonly maxBytes: number;
  readonly #bytes: Uint8Array;
  /** Start of each token in #bytes; [size + 1] */
  readonly #offsets: Uint32Array;
  readonly #texts: (string | undefined)[];
  readonly #whole: Uint8Array;

  /** @param tokens vocabulary entry of each id; ids without one spell nothing */
  constructor(tokens: readonly (string | undefined)[]) {
    this.size = tokens.length;
    const pieces = Array.from(tokens, (token) => (token === undefined ? EMPTY : bytesOfToken(token)));
    this.#offsets = new Uint32Array(this.size + 1);
    for (let id = 0; id < this.size; id++) this.#offsets[id + 1] = this.#offsets[id]! + pieces[id]!.length;
    this.#bytes = new Uint8Array(this.#offsets[this.size]!);
    this.#whole = new Uint8Array(this.size);
    let maxBytes = 0;
    pieces.forEach((piece, id) => {
      this.#bytes.set(piece, this.#offsets[id]!);
      this.#whole[id] = isUtf8(piece) ? 1 : 0;
      maxBytes = Math.max(maxBytes, piece.length);
    });
    this.maxBytes = maxBytes;
    this.#texts = new Array<string | undefined>(this.size);
  }

  /** A view, not a copy; empty for ids that do not exist. */
  bytes(id: number): Uint8Array {
    if (!(id >= 0 && id < this.size)) return EMPTY;
    return this.#bytes.subarray(this.#offsets[id]!, this.#offsets[id + 1]!);
  }

  /** The bytes of the tokens one after the other, a copy: millions of ids must not become as many views. */
  concat(ids: readonly number[]): Uint8Array {
    const { size } = this;
    const offsets = this.#offsets;
    const bytes = this.#bytes;
    let length = 0;
    for (const id of ids) {
      if (id >= 0 && id < size) length += offsets[id + 1]! - offsets[id]!;
    }
    const joined = new Uint8Array(length);
    let at = 0;
    for (const id of ids) {
      if (!(id >= 0 && id < size)) continue;
      const end = offsets[id + 1]!;
      for (let i = offsets[id]!; i < end; i++) joined[at++] = bytes[i]!;
    }
    return joined;
  }

  /** Text of the token alone; U+FFFD for bytes that are only part of a character. */
  text(id: number): string {
    if (!(id >= 0 && id < this.size)) return '';
    const known = this.#texts[id];
    if (known !== undefined) return known;
    const text = decodeUtf8(this.bytes(id));
    this.#texts[id] = text;
    return text;
  }

  /** Whether the token spells whole characters only. */
  isWhole(id: number): boolean {
    return this.#whole[id] !== 0;
  }
}
