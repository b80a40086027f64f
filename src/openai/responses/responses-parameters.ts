import { type Endpoint, ignored, offOnly, type Parameter, supported } from '../parameter.ts';
import { requestParameters } from '../request-parameters.ts';
import { samplingParameters } from '../sampling-parameters.ts';

const responses: readonly Endpoint[] = ['responses'];

/** Fields of chat completions that mean the same here, most of them vLLM's. */
const SHARED = new Set([
  'model',
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'repetition_penalty',
  'presence_penalty',
  'frequency_penalty',
  'logit_bias',
  'allowed_token_ids',
  'bad_words',
  'seed',
  'stop',
  'stop_token_ids',
  'include_stop_str_in_output',
  'skip_special_tokens',
  'min_tokens',
  'ignore_eos',
  'repetition_detection',
  'stream_interval',
  'stream_options.include_obfuscation',
  'return_tokens_as_token_ids',
  'priority',
  'cache_salt',
  'request_id',
  'timings',
]);

const shared = [...requestParameters, ...samplingParameters]
  .filter(({ name, endpoints }) => endpoints.includes('chat') && SHARED.has(name))
  .map((row): Parameter => ({ ...row, endpoints: responses }));

/** Every known field of OpenAI's POST /v1/responses and, as far as they make the prompt, /v1/responses/input_tokens. */
export const responsesParameters: readonly Parameter[] = [
  supported(responses, 'input', {
    type: 'string or array of items',
    default: 'required',
    meaning:
      'The conversation: messages (roles `user`, `assistant`, `system`, `developer`; content a string or parts of type `input_text`, `output_text`, `refusal`), `function_call` and `function_call_output` items; `reasoning` items are left out of the prompt; other items are a 400. A final assistant message with status `in_progress` or `incomplete` is continued.',
  }),
  supported(responses, 'instructions', {
    type: 'string',
    default: 'none',
    meaning: 'A system message before the input.',
  }),
  supported(responses, 'tools', {
    type: 'array',
    default: 'none',
    meaning:
      'Tools of type `function`: `name`, `description`, `parameters`, `strict` (false when absent). Tools that OpenAI runs, and custom ones, are a 400.',
  }),
  supported(responses, 'tool_choice', {
    type: 'string or object',
    default: '`auto`',
    meaning:
      '`none`, `auto`, `required`, `{type: "function", name}` or `{type: "allowed_tools", mode, tools}`, which describes only those tools to the model.',
  }),
  supported(responses, 'parallel_tool_calls', {
    type: 'boolean',
    default: 'true',
    meaning: 'Whether one answer may hold several calls.',
  }),
  supported(responses, 'text', {
    type: 'object',
    default: 'plain text',
    meaning:
      '`format` is `{type: "text"}`, `{type: "json_object"}` or `{type: "json_schema", name, schema}`: the answer validates, strict or not. `verbosity` may only be `medium`.',
  }),
  supported(responses, 'reasoning', {
    type: 'object',
    default: 'none',
    meaning:
      '`effort` may only be `none`, and `summary` null. Reasoning comes as items of its own where `--reasoning-parser` sets it apart.',
  }),
  supported(responses, 'max_output_tokens', {
    type: 'integer, 1 or more',
    default: "the model's generation_config.json, else what the context has room for",
    meaning: 'Tokens of the answer at most. Cut to the room in the context.',
  }),
  supported(responses, 'truncation', {
    type: '`auto` or `disabled`',
    default: '`disabled`: too long an input is a 400',
    meaning:
      '`auto` leaves out the oldest items (never instructions and system messages at the beginning) until the answer has room: `max_output_tokens`, or a quarter of the context if that is less.',
  }),
  supported(responses, 'include', {
    type: "array of OpenAI's names",
    default: 'none',
    meaning:
      '`message.output_text.logprobs` adds log-probabilities. The others ask for details that no answer of this server has.',
  }),
  supported(responses, 'top_logprobs', {
    type: 'integer, 0 to 20',
    default: '0',
    meaning: 'The likeliest tokens at each position; above 0 it adds log-probabilities by itself.',
  }),
  supported(responses, 'metadata', {
    type: 'object of up to 16 strings',
    default: '`{}`',
    meaning: 'Repeated in the answer.',
  }),
  supported(responses, 'store', {
    type: 'boolean',
    default: 'false',
    meaning: 'Nothing is stored whatever is asked for: the answer says `"store": false`.',
  }),
  supported(responses, 'stream', {
    type: 'boolean',
    default: 'false',
    meaning: 'Named server-sent events, each with a `sequence_number`; there is no `data: [DONE]`.',
  }),
  supported(responses, 'stream_options', {
    type: 'object',
    default: 'none',
    meaning: 'Options of a stream. (Usage is always in its last event.)',
  }),
  ...shared,

  ignored(responses, 'user', 'string', 'names the end user for abuse reports'),
  ignored(responses, 'safety_identifier', 'string', 'names the end user for abuse reports'),
  ignored(responses, 'prompt_cache_key', 'string', 'is a hint; prefixes are shared without it'),
  ignored(responses, 'prompt_cache_retention', 'string', 'is a hint; the cache keeps what fits'),
  ignored(responses, 'prompt_cache_options', 'object', 'is a hint; the cache keeps what fits'),
  ignored(responses, 'service_tier', 'string', 'chooses a price; there is one tier, `default`'),
  ignored(responses, 'max_tool_calls', 'integer', 'limits calls of tools that OpenAI runs, and there are none'),
  ignored(responses, 'image', 'object', 'is about images, and the model reads text only'),
  ignored(responses, 'access_programs', 'object', "is about OpenAI's own models"),

  offOnly(responses, 'previous_response_id', [], 'Continues a stored response; nothing is stored.'),
  offOnly(responses, 'conversation', [], 'Continues a stored conversation; nothing is stored.'),
  offOnly(responses, 'background', [false], 'Answers later; nothing is stored.'),
  offOnly(responses, 'prompt', [], 'A stored template of a prompt.'),
  offOnly(responses, 'context_management', [[]], 'Sums up old parts of the conversation; see `truncation`.'),
  offOnly(responses, 'moderation', [], 'Moderation of the conversation.'),
  offOnly(responses, 'personality', [], "A style of OpenAI's models."),
  offOnly(responses, 'structured_outputs', [{}], "vLLM's forms that the answer must have; see `text.format`."),
  offOnly(responses, 'enable_response_messages', [false], "vLLM's raw messages in the answer."),
  offOnly(responses, 'previous_input_messages', [[]], "vLLM's messages in Harmony's format."),
  offOnly(responses, 'previous_response', [], "vLLM's way to send a whole response back; see `input`."),
  offOnly(responses, 'mm_processor_kwargs', [{}], 'Images, sound and video; the model reads text only.'),
  offOnly(responses, 'vllm_xargs', [{}], 'Arguments of vLLM plugins.'),
  offOnly(responses, 'kv_transfer_params', [], 'Moves cached prefixes between servers.'),
  offOnly(responses, 'timings_per_token', [false], '`timings` in every event; see `timings`.'),
  offOnly(responses, 'n', [1], 'Several answers; send several requests.'),
  offOnly(responses, 'use_beam_search', [false], 'Beam search; see chat completions.'),
  offOnly(responses, 'messages', [], "Chat completions' name of `input`."),
  offOnly(responses, 'max_tokens', [], "Chat completions' name of `max_output_tokens`."),
  offOnly(responses, 'max_completion_tokens', [], "Chat completions' name of `max_output_tokens`."),
  offOnly(responses, 'response_format', [{ type: 'text' }], "Chat completions' name of `text.format`."),
  offOnly(responses, 'logprobs', [false], "Chat completions' name of `include`."),
  offOnly(responses, 'reasoning_effort', ['none'], "Chat completions' name of `reasoning.effort`."),
  offOnly(responses, 'verbosity', ['medium'], "Chat completions' name of `text.verbosity`."),
];
