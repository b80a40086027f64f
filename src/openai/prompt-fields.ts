import { z } from 'zod';
import { invalidRequest } from '../errors.ts';
import { messagesSchema } from './message-schema.ts';
import { toWellFormedText } from './well-formed.ts';

const MAX_TEMPLATE_LENGTH = 1_000_000;
const MAX_DOCUMENTS = 1_000;

/** How a conversation becomes a prompt: fields that chat completions and /tokenize share. */
export const promptShape = {
  messages: messagesSchema,
  add_generation_prompt: z.boolean().nullish(),
  continue_final_message: z.boolean().nullish(),
  chat_template: z.string().max(MAX_TEMPLATE_LENGTH).transform(toWellFormedText).nullish(),
  chat_template_kwargs: z.record(z.string(), z.unknown()).nullish(),
  documents: z
    .array(z.unknown())
    .max(MAX_DOCUMENTS)
    .pipe(z.array(z.record(z.string(), z.unknown())))
    .nullish(),
};

const promptFields = z.object(promptShape);
export type PromptFields = z.output<typeof promptFields>;

type Fields<K extends keyof PromptFields> = { readonly [P in K]?: PromptFields[P] | null | undefined };

/** How the prompt of a conversation ends. */
export interface PromptEnd {
  readonly addGenerationPrompt: boolean;
  readonly continueFinalMessage: boolean;
}

/**
 * Whether the last message is continued: vLLM's continue_final_message, or DeepSeek's `prefix: true`.
 * @throws ApiError 400 when the last message is to be continued and an answer begun
 */
export function readPromptEnd(
  fields: Fields<'messages' | 'add_generation_prompt' | 'continue_final_message'>,
): PromptEnd {
  if (fields.messages?.isPrefix) {
    if (fields.continue_final_message === false) {
      const message = "Invalid 'continue_final_message': the last message has prefix: true.";
      throw invalidRequest('continue_final_message', message);
    }
    return { addGenerationPrompt: false, continueFinalMessage: true };
  }
  const addGenerationPrompt = fields.add_generation_prompt ?? true;
  const continueFinalMessage = fields.continue_final_message ?? false;
  if (addGenerationPrompt && continueFinalMessage) {
    const message =
      'Cannot set both `continue_final_message` and `add_generation_prompt` to True (add_generation_prompt is by default).';
    throw invalidRequest('continue_final_message', message);
  }
  return { addGenerationPrompt, continueFinalMessage };
}

/** The template's own inputs of a request, in the form of ChatPromptOptions. */
export function templateOptions(fields: Fields<'chat_template' | 'chat_template_kwargs' | 'documents'>): {
  readonly template?: string;
  readonly templateVariables?: Readonly<Record<string, unknown>>;
  readonly documents?: readonly object[];
} {
  return {
    ...(fields.chat_template == null ? {} : { template: fields.chat_template }),
    ...(fields.chat_template_kwargs == null ? {} : { templateVariables: fields.chat_template_kwargs }),
    ...(fields.documents == null || fields.documents.length === 0 ? {} : { documents: fields.documents }),
  };
}
