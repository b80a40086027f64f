import type { EncodeOptions } from './tokenizer.ts';

/** What the tokenizer worker is started with. */
export interface TokenizerWorkerData {
  /** Folder of the checkpoint. */
  readonly folder: string;
}

/** How a text is encoded: as by Tokenizer.encode, or by Tokenizer.encodePrompt. */
export type EncodeMode = EncodeOptions | { readonly addSpecialTokens: boolean };

export interface EncodeJob {
  readonly id: number;
  readonly text: string;
  readonly mode: EncodeMode;
}

export type EncodeResult =
  | { readonly id: number; readonly ids: Int32Array }
  | { readonly id: number; readonly error: string };
