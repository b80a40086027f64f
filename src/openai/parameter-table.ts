export type Endpoint = 'chat' | 'completions';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

interface ParameterBase {
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
}

/**
 * One field of a request body, as OpenAI or vLLM define it:
 * - supported: honoured; the schema of its endpoint checks it;
 * - off-only: known but not offered. Null and the values of `off`, which ask for nothing, are accepted, all else is a 400;
 * - ignored: by its definition has no influence on the answer; only its JSON type is checked.
 * Fields that are not listed are ignored, because clients add new ones all the time.
 */
export type Parameter = ParameterBase &
  (
    | { readonly status: 'supported' }
    | { readonly status: 'off-only'; readonly off: readonly JsonValue[] }
    | { readonly status: 'ignored'; readonly type: 'string' | 'boolean' | 'object'; readonly because: string }
  );

const both: readonly Endpoint[] = ['chat', 'completions'];
const chat: readonly Endpoint[] = ['chat'];
const completions: readonly Endpoint[] = ['completions'];

const supported = (endpoints: readonly Endpoint[], ...names: string[]): Parameter[] =>
  names.map((name) => ({ name, endpoints, status: 'supported' }));
const offOnly = (endpoints: readonly Endpoint[], name: string, ...off: JsonValue[]): Parameter => ({
  name,
  endpoints,
  status: 'off-only',
  off,
});
const ignored = (
  endpoints: readonly Endpoint[],
  name: string,
  type: 'string' | 'boolean' | 'object',
  because: string,
): Parameter => ({ name, endpoints, status: 'ignored', type, because });

/** Every known field of POST /v1/chat/completions and /v1/completions; drives the check of bodies, the tests and docs/api.md. */
export const parameterTable: readonly Parameter[] = [
  ...supported(both, 'model', 'max_tokens', 'temperature', 'top_p', 'n', 'stop', 'stream', 'stream_options', 'seed'),
  ...supported(both, 'presence_penalty', 'frequency_penalty', 'logit_bias', 'logprobs', 'top_k', 'min_p'),
  ...supported(both, 'repetition_penalty', 'min_tokens', 'ignore_eos', 'stop_token_ids', 'include_stop_str_in_output'),
  ...supported(both, 'skip_special_tokens', 'return_token_ids', 'return_tokens_as_token_ids', 'prompt_logprobs'),
  ...supported(both, 'priority', 'cache_salt', 'request_id'),
  ...supported(chat, 'messages', 'max_completion_tokens', 'top_logprobs', 'add_generation_prompt'),
  ...supported(completions, 'prompt', 'echo', 'best_of', 'add_special_tokens'),

  ignored(both, 'user', 'string', 'names the end user for abuse reports'),
  ignored(both, 'metadata', 'object', 'is stored with the answer, and nothing is stored'),
  ignored(both, 'safety_identifier', 'string', 'names the end user for abuse reports'),
  ignored(both, 'prompt_cache_key', 'string', 'is a hint; prefixes are shared without it'),
  ignored(both, 'prompt_cache_retention', 'string', 'is a hint; the cache keeps what fits'),
  ignored(both, 'prompt_cache_options', 'object', 'is a hint; the cache keeps what fits'),
  ignored(both, 'service_tier', 'string', 'chooses a price; there is one tier'),
  ignored(both, 'spaces_between_special_tokens', 'boolean', 'has no effect with a byte-level tokenizer'),
  ignored(chat, 'include_reasoning', 'boolean', 'shows or hides reasoning, and the model has none'),

  offOnly(chat, 'tools', []),
  offOnly(chat, 'tool_choice', 'none', 'auto'),
  offOnly(chat, 'parallel_tool_calls', true, false),
  offOnly(chat, 'functions', []),
  offOnly(chat, 'function_call', 'none', 'auto'),
  offOnly(both, 'response_format', { type: 'text' }),
  offOnly(chat, 'modalities', ['text'], []),
  offOnly(chat, 'audio'),
  offOnly(chat, 'prediction'),
  offOnly(chat, 'web_search_options'),
  offOnly(chat, 'moderation'),
  offOnly(chat, 'reasoning_effort', 'none'),
  offOnly(chat, 'thinking_token_budget'),
  offOnly(chat, 'verbosity', 'medium'),
  offOnly(both, 'store', false),
  offOnly(completions, 'suffix', ''),

  offOnly(chat, 'echo', false),
  offOnly(chat, 'add_special_tokens', false),
  offOnly(chat, 'continue_final_message', false),
  offOnly(chat, 'chat_template'),
  offOnly(chat, 'chat_template_kwargs', {}),
  offOnly(chat, 'documents', []),
  offOnly(chat, 'mm_processor_kwargs', {}),
  offOnly(completions, 'prompt_embeds'),
  offOnly(both, 'use_beam_search', false),
  offOnly(both, 'length_penalty', 1),
  offOnly(both, 'bad_words', []),
  offOnly(both, 'allowed_token_ids'),
  offOnly(both, 'logprob_token_ids', []),
  offOnly(both, 'truncate_prompt_tokens'),
  offOnly(both, 'logits_processors', []),
  offOnly(both, 'repetition_detection'),
  offOnly(both, 'return_routed_experts', false),
  offOnly(both, 'kv_transfer_params'),
  offOnly(both, 'vllm_xargs', {}),
  offOnly(both, 'structured_outputs', {}),
  offOnly(both, 'guided_json'),
  offOnly(both, 'guided_regex'),
  offOnly(both, 'guided_choice'),
  offOnly(both, 'guided_grammar'),
  offOnly(both, 'structural_tag'),
  offOnly(both, 'regex'),
  offOnly(both, 'ebnf'),
  offOnly(both, 'json_schema'),
  offOnly(both, 'grammar'),
];
