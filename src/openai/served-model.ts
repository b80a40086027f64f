import type { Engine } from '../engine/engine.ts';

/** A call of a tool in the history. */
export interface ChatToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text, as the model wrote it. */
  readonly arguments: string;
}

/** One turn of a conversation; contents are plain text. */
export type ChatTurn =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string; readonly toolCalls?: readonly ChatToolCall[] }
  /** The result of the call with this id. */
  | { readonly role: 'tool'; readonly content: string; readonly toolCallId: string };

/** A function that the model may call. */
export interface ToolDefinition {
  readonly name: string;
  readonly description: string | null;
  /** JSON Schema of the arguments object; null: any object. */
  readonly parameters: Readonly<Record<string, unknown>> | null;
  /** Whether calls must validate even where the model chooses freely. */
  readonly strict: boolean;
}

/** Which tools an answer may or must call. */
export type ToolChoice = 'none' | 'auto' | 'required' | { readonly name: string };

export interface ChatPromptOptions {
  /** End with the beginning of an answer. */
  readonly addGenerationPrompt: boolean;
  /** Leave the last turn open, so that the model continues it. Excludes addGenerationPrompt. */
  readonly continueFinalMessage?: boolean;
  /** Described to the model; none when absent. */
  readonly tools?: readonly ToolDefinition[];
}

/** Text to token ids and back, as far as the API needs it. */
export interface TextCodec {
  /** Ids of a raw prompt; special tokens in it are interpreted. `addSpecialTokens` puts the BOS token in front where the tokenizer does so. */
  encodePrompt(text: string, addSpecialTokens: boolean): Promise<readonly number[]>;
  /** Ids of a rendered conversation, BOS once; special tokens in the contents are plain text. */
  encodeChat(turns: readonly ChatTurn[], options: ChatPromptOptions): Promise<readonly number[]>;
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
