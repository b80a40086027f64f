/** A token that is matched as a whole in the text, before BPE (an entry of tokenizer.json's added_tokens). */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Left out of the text when special tokens are skipped. */
  readonly special: boolean;
  /** Looked for after the others, in the text that they left. */
  readonly normalized: boolean;
  /** Swallows white space before it. */
  readonly lstrip: boolean;
  /** Swallows white space after it. */
  readonly rstrip: boolean;
}

/** Text between two added tokens, or one of them. */
export type Segment = string | AddedToken;

/** Source of a regular expression that matches any of the texts, the longest first. */
export function anyOf(texts: readonly string[]): string {
  return [...texts]
    .sort((a, b) => b.length - a.length)
    .map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
    .join('|');
}

/** Cuts text at added tokens the way the Rust library does: leftmost longest match, those not normalised first. */
export class AddedTokenSplitter {
  readonly #byContent: ReadonlyMap<string, AddedToken>;
  readonly #passes: readonly RegExp[];

  constructor(tokens: readonly AddedToken[]) {
    this.#byContent = new Map(tokens.map((token) => [token.content, token]));
    this.#passes = [false, true]
      .map((normalized) => tokens.filter((token) => token.normalized === normalized))
      .filter((group) => group.length > 0)
      .map((group) => new RegExp(anyOf(group.map(({ content }) => content)), 'g'));
  }

  split(text: string): Segment[] {
    let segments: Segment[] = [text];
    for (const pattern of this.#passes) {
      segments = segments.flatMap((segment) => (typeof segment === 'string' ? this.#cut(segment, pattern) : [segment]));
    }
    return segments.filter((segment) => segment !== '');
  }

  #cut(text: string, pattern: RegExp): Segment[] {
    const segments: Segment[] = [];
    let end = 0;
    for (const match of text.matchAll(pattern)) {
      const token = this.#byContent.get(match[0])!;
      // White space that a token before this one swallowed must not come back.
      if (match.index < end) continue;
      const before = text.slice(end, match.index);
      segments.push(token.lstrip ? before.trimEnd() : before, token);
      end = match.index + token.content.length;
      if (token.rstrip) end = text.length - text.slice(end).trimStart().length;
    }
    segments.push(text.slice(end));
    return segments;
  }
}
