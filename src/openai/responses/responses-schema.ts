import { z } from 'zod';
import { generationShape, logprobCount } from '../sampling-schema.ts';
import { toWellFormedText } from '../well-formed.ts';
import { functionTools, toolChoiceField } from './function-tools.ts';
import { inputField } from './input-items.ts';
import { textConfig } from './text-config.ts';

const MAX_METADATA = 16;

/** The details that OpenAI's `include` can ask for; all but the first ask for what no answer of this server has. */
const INCLUDABLE = [
  'message.output_text.logprobs',
  'reasoning.encrypted_content',
  'message.input_image.image_url',
  'computer_call_output.output.image_url',
  'code_interpreter_call.outputs',
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
] as const;

const text = z.string().transform(toWellFormedText);

const metadata = z
  .record(z.string(), z.unknown())
  .refine((value) => Object.keys(value).length <= MAX_METADATA, {
    error: `must have at most ${MAX_METADATA} entries`,
    abort: true,
  })
  .pipe(
    z.record(
      z.string().max(64, 'keys must have at most 64 characters').transform(toWellFormedText),
      z.string().max(512).transform(toWellFormedText),
    ),
  );

const reasoning = z.object({
  effort: z.literal('none', 'is not supported by this server ("none" and null are accepted)').nullish(),
  summary: z.null('is not supported by this server (null is accepted)').optional(),
  generate_summary: z.null('is not supported by this server (null is accepted)').optional(),
});

/** What this endpoint shares with chat and completions. */
const sharedFields = z.object(generationShape).pick({
  model: true,
  temperature: true,
  top_p: true,
  top_k: true,
  min_p: true,
  repetition_penalty: true,
  presence_penalty: true,
  frequency_penalty: true,
  logit_bias: true,
  allowed_token_ids: true,
  bad_words: true,
  seed: true,
  stop: true,
  stop_token_ids: true,
  include_stop_str_in_output: true,
  skip_special_tokens: true,
  min_tokens: true,
  ignore_eos: true,
  repetition_detection: true,
  stream: true,
  stream_interval: true,
  return_tokens_as_token_ids: true,
  priority: true,
  cache_salt: true,
  request_id: true,
  timings: true,
}).shape;

/** Body of POST /v1/responses: the supported fields. */
export const responsesSchema = z.object({
  ...sharedFields,
  input: inputField,
  instructions: text.nullish(),
  tools: functionTools.nullish(),
  tool_choice: toolChoiceField.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  text: textConfig.nullish(),
  reasoning: reasoning.nullish(),
  max_output_tokens: z.int().min(1).nullish(),
  truncation: z.enum(['auto', 'disabled'], 'must be "auto" or "disabled"').nullish(),
  include: z
    .array(z.unknown())
    .max(100)
    .pipe(z.array(z.enum(INCLUDABLE, `must be one of ${INCLUDABLE.map((name) => `"${name}"`).join(', ')}`)))
    .nullish(),
  top_logprobs: logprobCount.nullish(),
  metadata: metadata.nullish(),
  store: z.boolean().nullish(),
  stream_options: z.object({ include_obfuscation: z.boolean().nullish() }).nullish(),
});

/** A checked body. */
export type ResponsesFields = z.output<typeof responsesSchema>;
