import { THINK_BEGIN, THINK_END } from '../text/reasoning.ts';
import type { ReasoningStyle } from './answer-reader.ts';
import type { TextCodec } from './served-model.ts';

/** Counts the output tokens that are reasoning, its marks included, for `usage`. */
export class ReasoningTokens {
  readonly #text: TextCodec;
  #state: 'start' | 'reasoning' | 'answer';
  /** Bytes so far of the beginning, later the last ones, as latin1. */
  #seen = '';
  #count = 0;

  /** @param style null: reasoning is not set apart */
  constructor(text: TextCodec, style: ReasoningStyle | null) {
    this.#text = text;
    this.#state = style === null ? 'answer' : style.isOpen ? 'reasoning' : 'start';
  }

  get count(): number {
    return this.#state === 'start' ? 0 : this.#count;
  }

  push(tokenIds: readonly number[]): void {
    for (const id of tokenIds) {
      if (this.#state === 'answer') return;
      this.#count++;
      this.#seen += Buffer.from(this.#text.tokenBytes(id)).toString('latin1');
      if (this.#state === 'start') this.#begin();
      if (this.#state !== 'reasoning') continue;
      if (this.#seen.includes(THINK_END)) this.#state = 'answer';
      else this.#seen = this.#seen.slice(-THINK_END.length);
    }
  }

  #begin(): void {
    this.#seen = this.#seen.trimStart();
    if (this.#seen.startsWith(THINK_BEGIN)) {
      this.#state = 'reasoning';
    } else if (!THINK_BEGIN.startsWith(this.#seen)) {
      this.#state = 'answer';
      this.#count = 0;
    }
  }
}
