import { z } from 'zod';
import { generationShape } from '../sampling-schema.ts';
import { firstFault } from '../schema-issue.ts';
import { toWellFormedText } from '../well-formed.ts';
import { type MessageParam, messageParam, systemContent } from './content-blocks.ts';
import { toolChoiceParam, toolParams } from './tool-params.ts';

/** Anthropic's limit. */
const MAX_MESSAGES = 100_000;
const MAX_STOP_SEQUENCES = 256;
const MAX_STOP_SEQUENCE_LENGTH = 1024;

/** Checked message by message up to the first fault: a long list of bad ones costs nothing. */
const messages = z
  .array(z.unknown())
  .min(1)
  .max(MAX_MESSAGES)
  .transform((list, context): MessageParam[] => {
    const checked: MessageParam[] = [];
    for (const [index, item] of list.entries()) {
      const result = messageParam.safeParse(item);
      if (!result.success) {
        const fault = firstFault(result.error.issues);
        context.issues.push({ code: 'custom', message: fault.message, path: [index, ...fault.path], input: item });
        return z.NEVER;
      }
      checked.push(result.data);
    }
    return checked;
  });

const stopSequences = z
  .array(z.unknown())
  .max(MAX_STOP_SEQUENCES)
  .pipe(
    z.array(z.string().min(1, 'must not be an empty string').max(MAX_STOP_SEQUENCE_LENGTH).transform(toWellFormedText)),
  );

const jsonFormat = z.object({
  type: z.literal('json_schema', 'must be "json_schema"'),
  schema: z.record(z.string(), z.unknown()),
});

const outputConfig = z.object({
  format: jsonFormat.nullish(),
  effort: z
    .literal('high', 'is not supported by this server ("high", which is the default, and null are accepted)')
    .nullish(),
  task_budget: z.null('is not supported by this server').optional(),
});

const thinking = z.object({
  type: z.literal(
    ['disabled', 'adaptive', 'enabled', 'between_tools'],
    'must be one of "disabled", "adaptive", "enabled", "between_tools"',
  ),
});

/** Fields that decide what the prompt is: the ones of POST /v1/messages/count_tokens. */
const promptShape = {
  model: generationShape.model,
  messages,
  system: systemContent.nullish(),
  tools: toolParams.nullish(),
  tool_choice: toolChoiceParam.nullish(),
  thinking: thinking.nullish(),
  output_config: outputConfig.nullish(),
  output_format: jsonFormat.nullish(),
};

/** Body of POST /v1/messages/count_tokens. */
export const countTokensSchema = z.object(promptShape);

/** Body of POST /v1/messages: the supported fields. */
export const messagesSchema = z.object({
  ...promptShape,
  max_tokens: z.int().min(0),
  stop_sequences: stopSequences.nullish(),
  stream: z.boolean().nullish(),
  temperature: z.number().min(0).max(1).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(0).nullish(),
});

/** Checked fields of both endpoints. */
export type PromptFields = z.output<typeof countTokensSchema>;
