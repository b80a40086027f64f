import type { Engine } from '../engine/engine.ts';

/** One turn of a conversation as the chat template sees it. */
export interface ChatTurn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** Text to token ids and back, as far as the API needs it. */
export interface TextCodec {
  /** Ids of a raw prompt; special tokens in it are interpreted. `addSpecialTokens` puts the BOS token in front where the tokenizer does so. */
  encodePrompt(text: string, addSpecialTokens: boolean): Promise<readonly number[]>;
  /** Ids of a rendered conversation, BOS once; special tokens in the contents are plain text. */
  encodeChat(turns: readonly ChatTurn[], options: { addGenerationPrompt: boolean }): Promise<readonly number[]>;
  decode(tokenIds: readonly number[], options: { skipSpecialTokens: boolean }): string;
  /** Text of one token by itself; U+FFFD where it is only part of a character. */
  tokenText(tokenId: number): string;
  /** The exact bytes of one token. */
  tokenBytes(tokenId: number): Uint8Array;
  isSpecial(tokenId: number): boolean;
  /** No token spells more UTF-16 units than this: a text longer than maxTokenLength * maxModelLen is refused without encoding it. */
  readonly maxTokenLength: number;
}

/** Sampling defaults of generation_config.json. */
export interface GenerationDefaults {
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  /** Default of max_tokens for chat. */
  readonly maxNewTokens?: number;
}

/** A model as the API serves it. */
export interface ServedModel {
  /** The first is the id that answers carry and that /v1/models lists; the others are aliases of it. */
  readonly names: readonly [string, ...string[]];
  /** Unix seconds. */
  readonly created: number;
  readonly ownedBy: string;
  /** Where the weights came from: a path or a repository id. */
  readonly root: string;
  readonly engine: Engine;
  readonly text: TextCodec;
  readonly generationDefaults: GenerationDefaults;
}
