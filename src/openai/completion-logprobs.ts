import type { TokenLogprobs } from '../sampling/sampling-params.ts';
import { finiteLogprob } from './chat-logprobs.ts';
import { type GenerationPlan, tokenName } from './generation-plan.ts';

/** OpenAI's text-completion form; the arrays run in parallel, one entry a token. */
export interface CompletionLogprobs {
  readonly tokens: string[];
  /** Null for the first token of an echoed prompt. */
  readonly token_logprobs: (number | null)[];
  /** Alternatives by token text, the token itself always among them. */
  readonly top_logprobs: (Record<string, number> | null)[];
  /** Where the token begins in the choice's text, in characters (code points). */
  readonly text_offset: number[];
}

/**
 * Builds the arrays of one choice piece by piece, as a stream hands them out. Offsets follow the bytes of the tokens,
 * so a character spread over several tokens counts once, where it ends.
 */
export class CompletionLogprobsBuilder {
  readonly #plan: GenerationPlan;
  readonly #decoder = new TextDecoder();
  #offset = 0;

  constructor(plan: GenerationPlan) {
    this.#plan = plan;
  }

  /** @param promptText the echoed text; a special token occupies room in it only where it is spelt out */
  echo(
    tokenIds: readonly number[],
    entries: readonly (TokenLogprobs | null)[],
    promptText: string,
  ): CompletionLogprobs {
    const characters = Array.from(promptText);
    return this.#build(tokenIds, entries, (tokenId) => {
      if (!this.#plan.text.isSpecial(tokenId)) return true;
      const spelling = Array.from(this.#plan.text.tokenText(tokenId));
      return spelling.every((character, i) => characters[this.#offset + i] === character);
    });
  }

  output(tokenIds: readonly number[], entries: readonly TokenLogprobs[]): CompletionLogprobs {
    const { text, skipSpecialTokens } = this.#plan;
    return this.#build(tokenIds, entries, (tokenId) => !(skipSpecialTokens && text.isSpecial(tokenId)));
  }

  #build(
    tokenIds: readonly number[],
    entries: readonly (TokenLogprobs | null)[],
    isVisible: (tokenId: number) => boolean,
  ): CompletionLogprobs {
    const result: CompletionLogprobs = { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
    for (const [index, tokenId] of tokenIds.entries()) {
      const entry = entries[index] ?? null;
      result.tokens.push(tokenName(this.#plan, tokenId));
      result.token_logprobs.push(entry === null ? null : finiteLogprob(entry.logprob));
      result.top_logprobs.push(entry === null ? null : this.#alternatives(entry));
      result.text_offset.push(this.#offset);
      if (isVisible(tokenId)) this.#advance(tokenId);
    }
    return result;
  }

  #alternatives(entry: TokenLogprobs): Record<string, number> {
    // A map first: token texts such as "__proto__" must become plain keys, and of two equal texts the likelier stays.
    const byName = new Map<string, number>();
    for (const top of entry.top.slice(0, this.#plan.logprobs ?? 0)) {
      const name = tokenName(this.#plan, top.tokenId);
      if (!byName.has(name)) byName.set(name, finiteLogprob(top.logprob));
    }
    const own = tokenName(this.#plan, entry.tokenId);
    if (!byName.has(own)) byName.set(own, finiteLogprob(entry.logprob));
    return Object.fromEntries(byName);
  }

  #advance(tokenId: number): void {
    const text = this.#decoder.decode(this.#plan.text.tokenBytes(tokenId), { stream: true });
    for (const _ of text) this.#offset++;
  }
}

/** Several pieces in a row as one. */
export function concatLogprobs(pieces: readonly CompletionLogprobs[]): CompletionLogprobs {
  return {
    tokens: pieces.flatMap((piece) => piece.tokens),
    token_logprobs: pieces.flatMap((piece) => piece.token_logprobs),
    top_logprobs: pieces.flatMap((piece) => piece.top_logprobs),
    text_offset: pieces.flatMap((piece) => piece.text_offset),
  };
}
