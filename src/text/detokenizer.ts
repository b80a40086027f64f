import type { Tokenizer } from './tokenizer.ts';
import { decodeUtf8, incompleteTailLength } from './utf8.ts';

export interface DetokenizerOptions {
  /** Leave special tokens out of the text. */
  readonly skipSpecialTokens: boolean;
  /** Special tokens that stay in the text all the same. */
  readonly shownSpecialTokenIds?: readonly number[];
  /** Drop one space at the very beginning of the text. */
  readonly stripLeadingSpace?: boolean;
}

const NO_BYTES = new Uint8Array(0);

/**
 * Turns token ids into text as they come. All texts together equal the decoding of all ids: bytes of a character that
 * further tokens may complete are held back, over skipped special tokens too (as the Rust library joins them).
 */
export class StreamingDetokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #skipSpecialTokens: boolean;
  readonly #shown: ReadonlySet<number>;
  #stripsSpace: boolean;
  /** At most three bytes, the beginning of a character. */
  #pending: Uint8Array = NO_BYTES;

  constructor(tokenizer: Tokenizer, options: DetokenizerOptions) {
    const { skipSpecialTokens, shownSpecialTokenIds, stripLeadingSpace = false } = options;
    this.#tokenizer = tokenizer;
    this.#skipSpecialTokens = skipSpecialTokens;
    this.#shown = new Set(shownSpecialTokenIds);
    this.#stripsSpace = stripLeadingSpace;
  }

  /** Text that this token completes; '' while a character is incomplete. */
  push(id: number): string {
    if (this.#skipSpecialTokens && this.#tokenizer.isSpecial(id) && !this.#shown.has(id)) return '';
    if (this.#pending.length === 0 && this.#tokenizer.isWhole(id)) return this.#emit(this.#tokenizer.tokenText(id));
    const bytes = Buffer.concat([this.#pending, this.#tokenizer.tokenBytes(id)]);
    const complete = bytes.length - incompleteTailLength(bytes);
    this.#pending = bytes.subarray(complete);
    return this.#emit(decodeUtf8(bytes.subarray(0, complete)));
  }

  /** The end: U+FFFD for a character that stayed incomplete. */
  flush(): string {
    const text = decodeUtf8(this.#pending);
    this.#pending = NO_BYTES;
    return this.#emit(text);
  }

  #emit(text: string): string {
    if (!this.#stripsSpace || text === '') return text;
    this.#stripsSpace = false;
    return text.startsWith(' ') ? text.slice(1) : text;
  }
}
