/** Tokens as a list while they are few, else as a bitmask; and trie nodes after which the rule at hand is over. */
export interface TokenSet {
  readonly tokens: Int32Array;
  readonly words: Int32Array | null;
  /** Nodes with children: what is spelled below them belongs to what follows the rule. */
  readonly exits: Int32Array;
  readonly numBytes: number;
}

/** A mask has one bit per token, packed into 32-bit words. */
export function maskWords(vocabSize: number): number {
  return Math.ceil(vocabSize / 32);
}

export function addToken(mask: Int32Array, tokenId: number): void {
  const word = tokenId >> 5;
  mask[word] = mask[word]! | (1 << (tokenId & 31));
}

export function hasToken(mask: Int32Array, tokenId: number): boolean {
  return ((mask[tokenId >> 5]! >>> (tokenId & 31)) & 1) === 1;
}

export function addTokens(mask: Int32Array, { tokens, words }: Pick<TokenSet, 'tokens' | 'words'>): void {
  for (let i = 0; i < tokens.length; i++) addToken(mask, tokens[i]!);
  if (words === null) return;
  for (let i = 0; i < words.length; i++) mask[i] = mask[i]! | words[i]!;
}

/** Gathers a {@link TokenSet}. */
export class TokenSetBuilder {
  readonly tokens: number[] = [];
  readonly exits: number[] = [];

  build(vocabSize: number): TokenSet {
    const numWords = maskWords(vocabSize);
    const exits = Int32Array.from(this.exits);
    if (this.tokens.length <= numWords) {
      const tokens = Int32Array.from(this.tokens);
      return { tokens, words: null, exits, numBytes: tokens.byteLength + exits.byteLength };
    }
    const words = new Int32Array(numWords);
    for (const tokenId of this.tokens) addToken(words, tokenId);
    return { tokens: new Int32Array(0), words, exits, numBytes: words.byteLength + exits.byteLength };
  }
}
