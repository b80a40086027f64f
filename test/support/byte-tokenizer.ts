import { createTokenizer, type Tokenizer } from '../../src/text/tokenizer.ts';

/** GPT-2's printable stand-in for each byte, as byte-level BPE vocabularies spell them. */
function byteSymbols(): string[] {
  const isPrintable = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : next++));
}

/** A tokenizer whose 256 ids are the bytes: for checkpoints that come without one. */
export function byteTokenizer(): Tokenizer {
  const vocab = Object.fromEntries(byteSymbols().map((symbol, byte) => [symbol, byte]));
  return createTokenizer(
    {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      post_processor: null,
      decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        vocab,
        merges: [],
      },
    },
    {},
  );
}
