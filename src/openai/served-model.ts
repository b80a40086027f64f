import type { Engine } from '../engine/engine.ts';
import type { ChatTurn, ToolDefinition, ToolFormat } from '../text/conversation.ts';
import type { ReasoningFormat } from '../text/reasoning.ts';

export type { ChatToolCall, ChatTurn, ToolDefinition, ToolFormat } from '../text/conversation.ts';

/** Which tools an answer may or must call. */
export type ToolChoice = 'none' | 'auto' | 'required' | { readonly name: string };

export interface ChatPromptOptions {
  /** End with the beginning of an answer. */
  readonly addGenerationPrompt: boolean;
  /** Leave the last turn open, so that the model continues it. Excludes addGenerationPrompt. */
  readonly continueFinalMessage?: boolean;
  /** Described to the model; none when absent. */
  readonly tools?: readonly ToolDefinition[];
  /** Further variables of the template (vLLM's chat_template_kwargs). */
  readonly templateVariables?: Readonly<Record<string, unknown>>;
  /** The template's variable `documents`. */
  readonly documents?: readonly object[];
  /** A template to use instead of the model's. */
  readonly template?: string;
}

/** The fields of tokenizer_config.json that a client needs to tokenize remotely; special tokens by their name there. */
export interface TokenizerInfo {
  readonly add_bos_token: boolean;
  readonly chat_template: string | null;
  readonly [specialToken: `${string}_token`]: string | boolean;
}

/** Text to token ids and back, as far as the API needs it. */
export interface TextCodec {
  /** Ids of a raw prompt; special tokens in it are interpreted. `addSpecialTokens` puts the BOS token in front where the tokenizer does so. */
  encodePrompt(text: string, addSpecialTokens: boolean): Promise<readonly number[]>;
  /** Ids of a text in which special tokens are text like any other; no BOS. */
  encodeText(text: string): Promise<readonly number[]>;
  /** Ids of a rendered conversation, BOS once; special tokens in the contents are plain text. */
  encodeChat(turns: readonly ChatTurn[], options: ChatPromptOptions): Promise<readonly number[]>;
  decode(tokenIds: readonly number[], options: { skipSpecialTokens: boolean }): string;
  /** Text of one token by itself; U+FFFD where it is only part of a character. */
  tokenText(tokenId: number): string;
  /** The exact bytes of one token. */
  tokenBytes(tokenId: number): Uint8Array;
  isSpecial(tokenId: number): boolean;
  /** Id of a special or other added token by its text; undefined where the tokenizer has none. */
  addedTokenId(text: string): number | undefined;
  /** How the model writes tool calls. */
  readonly toolFormat: ToolFormat;
  /** How the model sets its reasoning apart; null: it does not. */
  readonly reasoningFormat: ReasoningFormat | null;
  /** No token spells more UTF-16 units than this: a text longer than maxTokenLength * maxModelLen is refused without encoding it. */
  readonly maxTokenLength: number;
  readonly tokenizerInfo: TokenizerInfo;
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
