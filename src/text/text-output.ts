import { StreamingDetokenizer } from './detokenizer.ts';
import { type StopMatch, StopMatcher } from './stop-matcher.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface TextOutputOptions {
  readonly tokenizer: Tokenizer;
  /** Strings that end the output; they may span tokens. */
  readonly stop: readonly string[];
  readonly includeStopStrInOutput: boolean;
  readonly skipSpecialTokens: boolean;
  /** Special tokens that stay in the text all the same. */
  readonly shownSpecialTokenIds?: readonly number[];
  /** Drop one space at the very beginning of the answer. */
  readonly stripLeadingSpace: boolean;
  /** Stop strings within the text of this many first tokens do not count. Defaults to 0. */
  readonly minTokens?: number;
}

/** The text of one output: token ids in, text that may be shown out. Streamed text equals unstreamed text. */
export class TextOutput {
  readonly #detokenizer: StreamingDetokenizer;
  readonly #stopMatcher: StopMatcher;
  readonly #minTokens: number;
  #numTokens = 0;

  constructor({ tokenizer, stop, includeStopStrInOutput, minTokens = 0, ...detokenizerOptions }: TextOutputOptions) {
    this.#detokenizer = new StreamingDetokenizer(tokenizer, detokenizerOptions);
    this.#stopMatcher = new StopMatcher(stop, { includeStopStrInOutput });
    this.#minTokens = minTokens;
  }

  /** Tokens after the one that completes a stop string are ignored; nothing may be pushed after that. */
  push(tokenIds: readonly number[]): StopMatch {
    let text = '';
    for (const id of tokenIds) {
      this.#numTokens++;
      const match = this.#stopMatcher.push(this.#detokenizer.push(id), this.#numTokens > this.#minTokens);
      text += match.text;
      if (match.stopped !== null) return { text, stopped: match.stopped };
    }
    return { text, stopped: null };
  }

  /** The rest, when the output has ended for another reason: text held back and U+FFFD for an incomplete character. */
  finish(): string {
    const { text, stopped } = this.#stopMatcher.push(this.#detokenizer.flush(), this.#numTokens > this.#minTokens);
    return stopped === null ? text + this.#stopMatcher.flush() : text;
  }
}
