import { readFile } from 'node:fs/promises';
import { ConfigError, invalidRequest } from '../errors.ts';
import type { ChatPromptOptions, ChatTurn, TextCodec, TokenizerInfo } from '../openai/served-model.ts';
import { AsyncEncoder } from '../text/async-encoder.ts';
import { ChatTemplate, loadChatTemplate } from '../text/chat-template.ts';
import type { ToolFormat } from '../text/conversation.ts';
import { layOutChat } from '../text/lay-out-chat.ts';
import type { ReasoningFormat } from '../text/reasoning.ts';
import { templateTools } from '../text/template-tools.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import { toolFormatOf, toolWriterOf } from '../text/tool-format.ts';

export interface ModelTextOptions {
  /** Null: as the chat template does. */
  readonly toolFormat: ToolFormat | null;
  readonly reasoningFormat: ReasoningFormat | null;
  /** Whether a request may bring a chat template; one that never ends would stop the server. */
  readonly trustRequestTemplates: boolean;
}

/** The text side of a model as the API sees it: long texts are encoded off the main thread. */
export class ModelText implements TextCodec {
  readonly maxTokenLength: number;
  readonly toolFormat: ToolFormat;
  readonly reasoningFormat: ReasoningFormat | null;
  readonly #tokenizer: Tokenizer;
  readonly #template: ChatTemplate;
  readonly #encoder: AsyncEncoder;
  readonly #trustsRequestTemplates: boolean;

  /** @param folder that `tokenizer` was loaded from */
  constructor(tokenizer: Tokenizer, template: ChatTemplate, folder: string, options: ModelTextOptions) {
    this.#tokenizer = tokenizer;
    this.#template = template;
    this.#encoder = new AsyncEncoder(tokenizer, folder);
    this.#trustsRequestTemplates = options.trustRequestTemplates;
    this.maxTokenLength = tokenizer.maxTokenLength;
    this.toolFormat = options.toolFormat ?? toolFormatOf(template.source);
    this.reasoningFormat = options.reasoningFormat;
  }

  encodePrompt(text: string, addSpecialTokens: boolean): Promise<readonly number[]> {
    return this.#encoder.encodePrompt(text, { addSpecialTokens });
  }

  encodeText(text: string): Promise<readonly number[]> {
    return this.#encoder.encode(text, { specialTokens: 'text' });
  }

  async encodeChat(turns: readonly ChatTurn[], options: ChatPromptOptions): Promise<readonly number[]> {
    const { tools = [], documents, templateVariables, addGenerationPrompt, continueFinalMessage = false } = options;
    const template = options.template === undefined ? this.#template : this.#requestTemplate(options.template);
    if (documents !== undefined && !/\bdocuments\b/.test(template.source ?? '')) {
      throw invalidRequest('documents', "The model's chat template has no place for 'documents'.");
    }
    const { messages, isOpen } = layOutChat(turns, {
      tools,
      writer: toolWriterOf(template.source, this.toolFormat),
      eosToken: this.#tokenizer.specialTokens['eos_token'] ?? '',
    });
    const renderOptions = {
      addGenerationPrompt: addGenerationPrompt && !isOpen,
      continueFinalMessage: continueFinalMessage || isOpen,
      ...(tools.length === 0 ? {} : { tools: templateTools(tools) }),
      ...(documents === undefined ? {} : { documents }),
      ...(templateVariables === undefined ? {} : { variables: templateVariables }),
    };
    return await this.#encoder.encodeChat(template, messages, renderOptions);
  }

  addedTokenId(text: string): number | undefined {
    return this.#tokenizer.addedTokens.find(({ content }) => content === text)?.id;
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

  get tokenizerInfo(): TokenizerInfo {
    const { specialTokens, addBos } = this.#tokenizer;
    return { ...specialTokens, add_bos_token: addBos, chat_template: this.#template.source };
  }

  #requestTemplate(source: string): ChatTemplate {
    if (!this.#trustsRequestTemplates) {
      const message =
        "'chat_template' is only accepted by a server that was started with --trust-request-chat-template.";
      throw invalidRequest('chat_template', message);
    }
    try {
      return new ChatTemplate(source, this.#tokenizer);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw invalidRequest('chat_template', `Invalid 'chat_template': ${reason}`);
    }
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
