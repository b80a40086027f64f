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

const {
  model,
  temperature,
  top_p,
  top_k,
  min_p,
  repetition_penalty,
  presence_penalty,
  frequency_penalty,
  logit_bias,
  allowed_token_ids,
  bad_words,
  seed,
  stop,
  stop_token_ids,
  include_stop_str_in_output,
  skip_special_tokens,
  min_tokens,
  ignore_eos,
  repetition_detection,
  stream,
  stream_interval,
  return_tokens_as_token_ids,
  priority,
  cache_salt,
  request_id,
  timings,
} = generationShape;

/** Body of POST /v1/responses: the supported fields. */
export const responsesSchema = z.object({
  model,
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
  stream,
  stream_options: z.object({ include_obfuscation: z.boolean().nullish() }).nullish(),
  stream_interval,
  temperature,
  top_p,
  top_k,
  min_p,
  repetition_penalty,
  presence_penalty,
  frequency_penalty,
  logit_bias,
  allowed_token_ids,
  bad_words,
  seed,
  stop,
  stop_token_ids,
  include_stop_str_in_output,
  skip_special_tokens,
  min_tokens,
  ignore_eos,
  repetition_detection,
  return_tokens_as_token_ids,
  priority,
  cache_salt,
  request_id,
  timings,
});

/** A checked body. */
export type ResponsesFields = z.output<typeof responsesSchema>;
