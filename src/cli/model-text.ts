import { readFile } from 'node:fs/promises';
import { ConfigError } from '../errors.ts';
import type { ChatPromptOptions, ChatTurn, TextCodec } from '../openai/served-model.ts';
import { AsyncEncoder } from '../text/async-encoder.ts';
import { ChatTemplate, loadChatTemplate } from '../text/chat-template.ts';
import type { Tokenizer } from '../text/tokenizer.ts';

/** The text side of a model as the API sees it: long texts are encoded off the main thread. */
export class ModelText implements TextCodec {
  readonly maxTokenLength: number;
  readonly #tokenizer: Tokenizer;
  readonly #template: ChatTemplate;
  readonly #encoder: AsyncEncoder;

  /** @param folder that `tokenizer` was loaded from */
  constructor(tokenizer: Tokenizer, template: ChatTemplate, folder: string) {
    this.#tokenizer = tokenizer;
    this.#template = template;
    this.#encoder = new AsyncEncoder(tokenizer, folder);
    this.maxTokenLength = tokenizer.maxTokenLength;
  }

  encodePrompt(text: string, addSpecialTokens: boolean): Promise<readonly number[]> {
    return this.#encoder.encodePrompt(text, { addSpecialTokens });
  }

  encodeChat(turns: readonly ChatTurn[], options: ChatPromptOptions): Promise<readonly number[]> {
    const messages = turns.map(({ role, content }) => ({ role, content }));
    return this.#template.renderAsync(messages, options, this.#encoder);
  }

  decode(tokenIds: readonly number[], options: { skipSpecialTokens: boolean }): string {
    return this.#tokenizer.decode(tokenIds, options);
  }

  tokenText(tokenId: number): string {
    return this.#tokenizer.tokenText(tokenId);
  }

  tokenBytes(tokenId: number): Uint8Array {
    return this.#tokenizer.tokenBytes(tokenId);
  }

  isSpecial(tokenId: number): boolean {
    return this.#tokenizer.isSpecial(tokenId);
  }

  /** Stops the thread that encodes long texts. */
  dispose(): Promise<void> {
    return this.#encoder.dispose();
  }
}

/**
 * The chat template of --chat-template, else the checkpoint's.
 * @throws ConfigError when the file cannot be read or is no template; CheckpointError for the checkpoint's
 */
export async function openChatTemplate(
  file: string | null,
  folder: string,
  tokenizer: Tokenizer,
): Promise<ChatTemplate> {
  if (file === null) return await loadChatTemplate(folder, tokenizer);
  try {
    return new ChatTemplate(await readFile(file, 'utf8'), tokenizer);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`the chat template ${file} cannot be used: ${reason}`, { cause });
  }
}
