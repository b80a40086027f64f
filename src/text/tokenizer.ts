import path from 'node:path';
import { Tokenizer as BpeTokenizer } from '@huggingface/tokenizers';
import { type AddedToken, AddedTokenSplitter } from './added-tokens.ts';
import { TokenTable } from './token-table.ts';
import { parseTokenizerConfig, type TokenizerConfig } from './tokenizer-config.ts';
import { parsingFile, readJsonFile } from './tokenizer-files.ts';
import { type ParsedTokenizerJson, parseTokenizerJson } from './tokenizer-json.ts';
import { decodeUtf8 } from './utf8.ts';

export interface EncodeOptions {
  /** Whether added tokens such as `<｜User｜>` in the text become their ids, or are text like any other. */
  readonly specialTokens: 'interpret' | 'text';
  /** A text that keeps special tokens apart: it is removed once they have been found, before BPE. */
  readonly separator?: string;
}

const LONE_SURROGATE = /\p{Surrogate}/gu;

/**
 * Text to token ids and back, equal to the Rust library. BPE is @huggingface/tokenizers'; added tokens, bytes and decoding
 * are handled here, because the library always matches added tokens, joins texts by rules of its own and cannot stream.
 * Decoding never "cleans up" spaces, whatever clean_up_tokenization_spaces says: it would lose characters of the answer.
 */
export class Tokenizer {
  /** Ids below this exist; the others are padding of the logits and must never be sampled. */
  readonly size: number;
  readonly bosTokenId: number | null;
  readonly eosTokenId: number | null;
  /**
   * Whether raw prompts get a BOS token: where the tokenizer has one and tokenizer_config.json does not say
   * `add_bos_token: false`. These models are trained with it; transformers 5 leaves it out, transformers 4 and vLLM add it.
   */
  readonly addBos: boolean;
  /** Texts of the special tokens by their name in tokenizer_config.json (`bos_token`, …), for chat templates. */
  readonly specialTokens: Readonly<Record<string, string>>;
  /** Every token that is matched as a whole in the text, special or not. */
  readonly addedTokens: readonly AddedToken[];
  /** UTF-8 bytes, and so at least the UTF-16 units, of the longest token. */
  readonly maxTokenLength: number;
  readonly #bpe: BpeTokenizer;
  readonly #splitter: AddedTokenSplitter;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #specialIds: ReadonlySet<number>;
  readonly #table: TokenTable;

  /** @throws Error with a reason when config and tokenizer do not fit */
  constructor(json: ParsedTokenizerJson, config: TokenizerConfig) {
    this.specialTokens = config.specialTokens;
    this.addedTokens = withNamedTokens(json, config);
    this.#ids = new Map([...json.vocab, ...this.addedTokens.map(({ content, id }) => [content, id] as const)]);
    this.#specialIds = new Set(this.addedTokens.filter(({ special }) => special).map(({ id }) => id));
    this.#splitter = new AddedTokenSplitter(this.addedTokens);
    this.#bpe = new BpeTokenizer(json.library, {});
    const tokens: (string | undefined)[] = [];
    for (const [token, id] of json.vocab) tokens[id] = token;
    for (const { content, id } of this.addedTokens) tokens[id] = content;
    this.#table = new TokenTable(tokens);
    this.size = this.#table.size;
    this.maxTokenLength = this.#table.maxBytes;
    this.bosTokenId = this.#namedId('bos_token');
    this.eosTokenId = this.#namedId('eos_token');
    this.addBos = this.bosTokenId !== null && config.addBosToken !== false;
  }

  /** Never adds a BOS token. Lone surrogates count as U+FFFD. */
  encode(text: string, { specialTokens, separator }: EncodeOptions): number[] {
    const wellFormed = text.replace(LONE_SURROGATE, '\uFFFD');
    const segments = specialTokens === 'interpret' ? this.#splitter.split(wellFormed) : [wellFormed];
    const ids: number[] = [];
    for (const segment of segments) {
      if (typeof segment !== 'string') {
        ids.push(segment.id);
        continue;
      }
      const plain = separator === undefined ? segment : segment.replaceAll(separator, '');
      for (const id of this.#bpe.encode(plain, { add_special_tokens: false }).ids) ids.push(id);
    }
    return ids;
  }

  /** Ids of a raw prompt: special tokens in it are interpreted; BOS goes in front unless the text already begins with it. */
  encodePrompt(text: string, { addSpecialTokens }: { readonly addSpecialTokens: boolean }): number[] {
    const ids = this.encode(text, { specialTokens: 'interpret' });
    if (addSpecialTokens && this.addBos && ids[0] !== this.bosTokenId) ids.unshift(this.bosTokenId!);
    return ids;
  }

  /** Ill-formed UTF-8 becomes U+FFFD; ids that do not exist spell nothing. */
  decode(ids: readonly number[], { skipSpecialTokens }: { readonly skipSpecialTokens: boolean }): string {
    const kept = skipSpecialTokens ? ids.filter((id) => !this.isSpecial(id)) : ids;
    return decodeUtf8(this.#table.concat(kept));
  }

  /** The exact bytes that a token spells; a view that must not be written to. */
  tokenBytes(id: number): Uint8Array {
    return this.#table.bytes(id);
  }

  /** Text of one token by itself, as in vLLM's logprobs: U+FFFD for bytes that are only part of a character. */
  tokenText(id: number): string {
    return this.#table.text(id);
  }

  /** Whether the token spells whole characters only. */
  isWhole(id: number): boolean {
    return this.#table.isWhole(id);
  }

  /** Whether the token is left out when special tokens are skipped. */
  isSpecial(id: number): boolean {
    return this.#specialIds.has(id);
  }

  /** Id of an added token (by its text) or of a vocabulary entry (in the byte-level spelling of tokenizer.json). */
  idOf(token: string): number | undefined {
    return this.#ids.get(token);
  }

  #namedId(name: string): number | null {
    const text = this.specialTokens[name];
    if (text === undefined) return null;
    const id = this.#ids.get(text);
    if (id === undefined) throw new Error(`${name} ${JSON.stringify(text)} is not a token of the tokenizer`);
    return id;
  }
}

/** Special tokens that only tokenizer_config.json names are matched in the text too, as transformers does. */
function withNamedTokens({ addedTokens, vocab }: ParsedTokenizerJson, config: TokenizerConfig): AddedToken[] {
  const all = [...addedTokens];
  for (const content of Object.values(config.specialTokens)) {
    const id = vocab.get(content);
    if (id === undefined || all.some((token) => token.content === content)) continue;
    all.push({ id, content, special: true, normalized: false, lstrip: false, rstrip: false });
  }
  return all;
}

/**
 * Makes a tokenizer from the parsed contents of tokenizer.json and tokenizer_config.json.
 * @param folder named in errors
 * @throws CheckpointError when one of them is malformed or not supported
 */
export function createTokenizer(tokenizerJson: unknown, tokenizerConfig: unknown, folder = ''): Tokenizer {
  const configFile = path.join(folder, 'tokenizer_config.json');
  const json = parsingFile(path.join(folder, 'tokenizer.json'), () => parseTokenizerJson(tokenizerJson));
  return parsingFile(configFile, () => new Tokenizer(json, parseTokenizerConfig(tokenizerConfig)));
}

/** @throws CheckpointError when a file is missing, broken or not supported */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  // One after the other: where both are missing, the same one is named each time.
  const json = await readJsonFile(folder, 'tokenizer.json');
  const config = await readJsonFile(folder, 'tokenizer_config.json');
  return createTokenizer(json, config, folder);
}
