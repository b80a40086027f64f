import type { ChatMessage } from './chat-message.ts';
import type { RenderOptions } from './chat-template.ts';
import type { EncodeOptions } from './tokenizer.ts';

/** What the tokenizer worker is started with. */
export interface TokenizerWorkerData {
  /** Folder of the checkpoint. */
  readonly folder: string;
}

/** How a text is encoded: as by Tokenizer.encode, or by Tokenizer.encodePrompt. */
export type EncodeMode = EncodeOptions | { readonly addSpecialTokens: boolean };

/** A text, or a conversation with the source of the template that renders it. */
export type EncodeInput =
  | { readonly text: string; readonly mode: EncodeMode }
  | { readonly template: string; readonly messages: readonly ChatMessage[]; readonly options: RenderOptions };

export type EncodeJob = { readonly id: number } & EncodeInput;

/** What of an ApiError 400 must survive the way between threads. */
export interface Refusal {
  readonly param: string | null;
  readonly message: string;
  readonly code: string | null;
}

export type EncodeResult =
  | { readonly id: number; readonly ids: Int32Array }
  | { readonly id: number; readonly refusal: Refusal }
  | { readonly id: number; readonly error: string };
