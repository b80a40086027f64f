import { type Endpoint, ignored, offOnly, type Parameter, supported } from '../parameter.ts';

const messages: readonly Endpoint[] = ['messages'];

/** Every known field of Anthropic's POST /v1/messages and, as far as they make the prompt, /v1/messages/count_tokens. */
export const messagesParameters: readonly Parameter[] = [
  supported(messages, 'model', {
    type: 'string',
    default: 'the model of the server',
    meaning: 'A name of GET /v1/models or an alias (`default`, `deepseek-chat`).',
  }),
  supported(messages, 'max_tokens', {
    type: 'integer, 0 or more',
    default: 'required',
    meaning:
      'Tokens of the answer at most; 0 only puts the prompt into the cache. Cut to the room in the context (`stop_reason` is `model_context_window_exceeded` then).',
  }),
  supported(messages, 'messages', {
    type: 'array',
    default: 'required',
    meaning:
      'Roles `user`, `assistant`, `system`; content a string or blocks of type `text`, `tool_use`, `tool_result` (`thinking` and `redacted_thinking` are left out of the prompt; other blocks are a 400). A final assistant message is the beginning of the answer.',
  }),
  supported(messages, 'system', {
    type: 'string or array of text blocks',
    default: 'none',
    meaning: 'The system prompt.',
  }),
  supported(messages, 'stop_sequences', {
    type: 'array of up to 256 strings',
    default: 'none',
    meaning: 'Strings that end the answer; `stop_sequence` says which did.',
  }),
  supported(messages, 'stream', {
    type: 'boolean',
    default: 'false',
    meaning: "Answers with Anthropic's server-sent events.",
  }),
  supported(messages, 'temperature', {
    type: 'number, 0 to 1',
    default: "the model's generation_config.json, else 1",
    meaning: '0 always takes the likeliest token.',
  }),
  supported(messages, 'top_p', {
    type: 'number, 0 to 1',
    default: "the model's generation_config.json, else 1",
    meaning: 'Samples from the likeliest tokens that together have this probability.',
  }),
  supported(messages, 'top_k', {
    type: 'integer, 0 or more',
    default: "the model's generation_config.json, else off",
    meaning: 'Samples from this many of the likeliest tokens; 0 is off.',
  }),
  supported(messages, 'tools', {
    type: 'array',
    default: 'none',
    meaning:
      'Tools of type `custom`: `name`, `description`, `input_schema`, `input_examples`, `strict`. Tools that Anthropic defines or runs are a 400.',
  }),
  supported(messages, 'tool_choice', {
    type: 'object',
    default: '`auto` with tools',
    meaning:
      '`type` is `auto`, `any`, `tool` (with `name`) or `none`; `disable_parallel_tool_use` allows one call at most.',
  }),
  supported(messages, 'thinking', {
    type: 'object',
    default: '`adaptive`',
    meaning:
      '`type` is `adaptive` (the model thinks if it is one that does) or `disabled` (what it thinks is left out); `enabled` and `between_tools` are a 400 unless the model thinks.',
  }),
  supported(messages, 'output_config', {
    type: 'object',
    default: 'none',
    meaning:
      '`format` `{type: "json_schema", schema}`: the answer validates against the schema. `effort` may only be `high`; `task_budget` is a 400.',
  }),
  supported(messages, 'output_format', {
    type: 'object',
    default: 'none',
    meaning: 'The old name of `output_config.format`.',
  }),

  ignored(messages, 'metadata', 'object', 'names the end user for abuse reports'),
  ignored(messages, 'service_tier', 'string', 'chooses a price; there is one tier'),
  ignored(messages, 'inference_geo', 'string', 'chooses a region; the model runs here'),
  ignored(messages, 'cache_control', 'object', 'is a hint; prefixes are shared without it, in blocks too'),

  offOnly(messages, 'container', [], 'A container for tools that Anthropic runs.'),
  offOnly(messages, 'mcp_servers', [[]], 'MCP servers that Anthropic calls.'),
  offOnly(messages, 'context_management', [{}, { edits: [] }], 'Clears old parts of the conversation.'),
  offOnly(messages, 'compaction', [], 'Sums up old parts of the conversation.'),
  offOnly(messages, 'diagnostics', [{}, { previous_message_id: null }], 'Explains what the cache missed.'),
  offOnly(messages, 'speed', ['standard'], 'A faster mode.'),
  offOnly(messages, 'thread', [], 'Continues a stored conversation; nothing is stored.'),
  offOnly(messages, 'fallbacks', [[]], 'Other models to try.'),
  offOnly(messages, 'fallback_credit_token', [], 'Pays for a fallback.'),
  offOnly(messages, 'billing_policy', [], 'Chooses who pays.'),
];
