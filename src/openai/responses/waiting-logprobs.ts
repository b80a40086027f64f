import type { TokenLogprobs } from '../../sampling/sampling-params.ts';
import type { TextCodec } from '../served-model.ts';

/**
 * Log-probabilities of tokens whose text has not been shown yet. A reader holds text back while it may be a mark of
 * reasoning or of a call; when some of it is shown, the tokens that spell it are found by their bytes.
 */
export class WaitingLogprobs {
  readonly #text: TextCodec;
  #entries: TokenLogprobs[] = [];

  constructor(text: TextCodec) {
    this.#text = text;
  }

  add(entries: readonly TokenLogprobs[]): void {
    for (const entry of entries) this.#entries.push(entry);
  }

  clear(): void {
    this.#entries = [];
  }

  takeAll(): readonly TokenLogprobs[] {
    const entries = this.#entries;
    this.#entries = [];
    return entries;
  }

  /**
   * Those of the tokens that spell a text; earlier ones are dropped, as they spell nothing that is shown.
   * @param isAtEnd nothing has been found in the waiting tokens after this text
   */
  take(text: string, isAtEnd: boolean): readonly TokenLogprobs[] {
    const spellings = this.#entries.map(({ tokenId }) => Buffer.from(this.#text.tokenBytes(tokenId)));
    const all = Buffer.concat(spellings);
    const wanted = Buffer.from(text);
    const from = isAtEnd ? all.lastIndexOf(wanted) : all.indexOf(wanted);
    if (from < 0) return this.takeAll();
    const taken: TokenLogprobs[] = [];
    let end = 0;
    let numPassed = 0;
    for (const [index, spelling] of spellings.entries()) {
      const entry = this.#entries[index];
      const begin = end;
      end += spelling.length;
      if (begin >= from + wanted.length || entry === undefined) break;
      if (end > from) taken.push(entry);
      numPassed++;
    }
    this.#entries = this.#entries.slice(numPassed);
    return taken;
  }
}
