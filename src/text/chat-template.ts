import path from 'node:path';
import { Template } from '@huggingface/jinja';
import { invalidRequest } from '../errors.ts';
import type { ChatMessage } from './chat-message.ts';
import { SpecialTokenShield, unusedNoncharacters } from './special-token-shield.ts';
import type { Tokenizer } from './tokenizer.ts';
import { parseTokenizerConfig } from './tokenizer-config.ts';
import { parsingFile, readJsonFile, readOptionalFile } from './tokenizer-files.ts';

export interface RenderOptions {
  /** End with the beginning of an answer, such as `Assistant:`. */
  readonly addGenerationPrompt: boolean;
  /** Leave the last message open, so that the model continues it. Excludes addGenerationPrompt. */
  readonly continueFinalMessage?: boolean;
  /** The template's variable `tools`; null to it when absent. */
  readonly tools?: readonly object[];
  /** The template's variable `documents`; null to it when absent. */
  readonly documents?: readonly object[];
  /** Further variables (vLLM's chat_template_kwargs); none of them replaces one that the server sets. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** A rendered conversation that has not been encoded yet. */
export interface RenderedChat {
  /** With `separator` in the special tokens that came from the messages. */
  readonly text: string;
  readonly separator: string;
}

/** Anything that encodes like a {@link Tokenizer}, at once or later. */
export interface ChatEncoder<Ids> {
  encode(text: string, options: { readonly specialTokens: 'interpret'; readonly separator: string }): Ids;
}

/** The chat template of a checkpoint: messages in, prompt token ids out. Special tokens in messages are plain text. */
export class ChatTemplate {
  readonly #template: Template | null;
  readonly #source: string;
  readonly #tokenizer: Tokenizer;
  readonly #shield: SpecialTokenShield;

  /**
   * @param source Jinja text; null: the checkpoint has no template, and rendering throws
   * @throws Error when the text is not a template
   */
  constructor(source: string | null, tokenizer: Tokenizer) {
    this.#template = source === null ? null : new Template(source);
    this.#source = source ?? '';
    this.#tokenizer = tokenizer;
    this.#shield = new SpecialTokenShield(tokenizer.addedTokens.map(({ content }) => content));
  }

  /** Whether the checkpoint has a template. */
  get exists(): boolean {
    return this.#template !== null;
  }

  /** The Jinja text; null where there is none. */
  get source(): string | null {
    return this.exists ? this.#source : null;
  }

  /**
   * Prompt ids, BOS once: the template's own, or one in front where the template has none and the tokenizer adds it.
   * @throws ApiError 400 when there is no template or it refuses the messages
   */
  render(messages: readonly ChatMessage[], options: RenderOptions): number[] {
    const { text, separator } = this.renderText(messages, options);
    return this.#withBos(this.#tokenizer.encode(text, { specialTokens: 'interpret', separator }));
  }

  /** The same through an encoder that takes long texts off this thread. */
  async renderAsync(
    messages: readonly ChatMessage[],
    options: RenderOptions,
    encoder: ChatEncoder<Promise<number[]>>,
  ): Promise<number[]> {
    const { text, separator } = this.renderText(messages, options);
    return this.#withBos(await encoder.encode(text, { specialTokens: 'interpret', separator }));
  }

  /** @throws ApiError 400, as {@link render} */
  renderText(messages: readonly ChatMessage[], options: RenderOptions): RenderedChat {
    if (!this.#template) throw invalidRequest('messages', 'This model has no chat template; use /v1/completions.');
    if (options.addGenerationPrompt && options.continueFinalMessage) {
      throw invalidRequest('continue_final_message', 'Cannot be combined with add_generation_prompt.');
    }
    const { tools, documents, variables } = options;
    const [separator, marker] = unusedNoncharacters(
      JSON.stringify([messages, tools, documents, variables]) + this.#source,
      2,
    );
    if (separator === undefined || marker === undefined) {
      throw invalidRequest('messages', 'The messages contain every noncharacter from U+FDD0 to U+FDEF.');
    }
    const prepared = messages.map((message) => this.#prepare(message, separator));
    const settings = {
      ...(this.#shield.shieldAll(variables ?? {}, separator) as Record<string, unknown>),
      ...this.#tokenizer.specialTokens,
      tools: this.#shield.shieldAll(tools ?? null, separator),
      documents: this.#shield.shieldAll(documents ?? null, separator),
      add_generation_prompt: options.addGenerationPrompt,
    };
    if (!options.continueFinalMessage) return { text: this.#run(prepared, settings), separator };
    const final = prepared.at(-1);
    if (typeof final?.content !== 'string') {
      throw invalidRequest('continue_final_message', 'The final message has no content to continue.');
    }
    prepared[prepared.length - 1] = { ...final, content: `${final.content}${marker} ` };
    return { text: cutAt(marker, this.#run(prepared, settings)), separator };
  }

  #run(messages: readonly ChatMessage[], settings: Readonly<Record<string, unknown>>): string {
    try {
      return this.#template!.render({ ...settings, messages });
    } catch (error) {
      // raise_exception throws a plain Error with the template's own words; other kinds are accidents in it.
      const failure = error as Error;
      const isOwnWords = failure.constructor === Error;
      throw invalidRequest('messages', isOwnWords ? failure.message : `The chat template failed: ${failure.message}`);
    }
  }

  /**
   * Absent content would be printed as "None" or refused, so it becomes ''. Only next to tool calls it stays null, for
   * templates that know them: V2.5's prints calls just then.
   */
  #prepare(message: ChatMessage, separator: string): ChatMessage {
    const { role, content = null, ...rest } = message;
    const keepsNull = rest['tool_calls'] !== undefined && this.#source.includes('tool_calls');
    const shielded = this.#shield.shieldAll(rest, separator) as Record<string, unknown>;
    const pieces = typeof content === 'string' ? [content] : content;
    const text =
      pieces
        ?.map((piece) => (typeof piece === 'string' ? this.#shield.shield(piece, separator) : piece.mark))
        .join('') ?? null;
    return { role, content: text ?? (keepsNull ? null : ''), ...shielded };
  }

  #withBos(ids: number[]): number[] {
    const { addBos, bosTokenId } = this.#tokenizer;
    // Anywhere, not only in front: with a system message V2.5's template prints white space before its BOS.
    if (addBos && !ids.includes(bosTokenId!)) ids.unshift(bosTokenId!);
    return ids;
  }
}

/** Cuts off what the template put after the final message; a template that trims it loses its trailing space, as in transformers. */
function cutAt(marker: string, rendered: string): string {
  const end = rendered.lastIndexOf(marker);
  if (end < 0) throw invalidRequest('continue_final_message', 'The chat template does not print the final message.');
  const before = rendered.slice(0, end);
  return rendered[end + marker.length] === ' ' ? before : before.trimEnd();
}

/**
 * Reads chat_template.jinja, else the template of tokenizer_config.json; a checkpoint may have neither.
 * @throws CheckpointError when a file cannot be read or holds no valid template
 */
export async function loadChatTemplate(folder: string, tokenizer: Tokenizer): Promise<ChatTemplate> {
  const ownFile = await readOptionalFile(folder, 'chat_template.jinja');
  if (ownFile !== null) {
    return parsingFile(path.join(folder, 'chat_template.jinja'), () => new ChatTemplate(ownFile, tokenizer));
  }
  const json = await readJsonFile(folder, 'tokenizer_config.json');
  return parsingFile(path.join(folder, 'tokenizer_config.json'), () => {
    const { chatTemplate } = parseTokenizerConfig(json);
    return new ChatTemplate(chatTemplate, tokenizer);
  });
}
