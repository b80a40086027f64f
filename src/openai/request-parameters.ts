import { type Endpoint, type Parameter, supported } from './parameter.ts';

const both: readonly Endpoint[] = ['chat', 'completions'];
const chat: readonly Endpoint[] = ['chat'];
const completions: readonly Endpoint[] = ['completions'];

/** What is asked for and what the answer shows: rows of chat and text completions. */
export const requestParameters: readonly Parameter[] = [
  supported(both, 'model', {
    type: 'string',
    default: 'the model of the server',
    meaning: 'A name of GET /v1/models or an alias (`default`, `deepseek-chat`).',
  }),
  supported(chat, 'messages', {
    type: 'array',
    default: 'required',
    meaning: 'The conversation. Special tokens in contents are plain text.',
  }),
  supported(completions, 'prompt', {
    type: 'string, array of strings, array of token ids, array of such arrays',
    default: 'required',
    meaning: 'One or more prompts. Special tokens in texts are interpreted.',
  }),
  supported(completions, 'suffix', {
    type: 'string',
    default: 'none',
    meaning:
      'Fills in the middle between `prompt` and this text, where the tokenizer has the tokens for it (Coder-V2), else a 400. Here special tokens in prompt and suffix are plain text.',
  }),
  supported(completions, 'echo', {
    type: 'boolean',
    default: 'false',
    meaning:
      'Puts the prompt before the output; with `logprobs` it is scored too (with `max_tokens` 0 nothing else happens).',
  }),
  supported(completions, 'best_of', {
    type: 'integer, n or more, at most 128',
    default: 'n',
    meaning:
      'Generates this many outputs and answers with the `n` of the highest mean log-probability per token. Not with `stream`.',
  }),
  supported(chat, 'max_tokens', {
    type: 'integer, 1 or more',
    default: "the model's generation_config.json, else what the context has room for",
    meaning: 'Tokens of an output at most. Cut to the room in the context.',
  }),
  supported(completions, 'max_tokens', {
    type: 'integer, 0 or more',
    default: '16',
    meaning: 'Tokens of an output at most; 0 only scores the prompt. Cut to the room in the context.',
  }),
  supported(chat, 'max_completion_tokens', {
    type: 'integer, 1 or more',
    default: '`max_tokens`',
    meaning: "OpenAI's newer name of `max_tokens`; wins over it.",
  }),
  supported(both, 'truncate_prompt_tokens', {
    type: 'integer, -1 or more',
    default: 'off: too long a prompt is a 400',
    meaning: 'Keeps this many tokens of the prompt; -1 keeps as many as leave room for the tokens asked for.',
  }),
  supported(both, 'truncation_side', {
    type: '`left` or `right`',
    default: '`left`',
    meaning: 'Where `truncate_prompt_tokens` cuts: `left` keeps the end of the prompt, `right` its beginning.',
  }),
  supported(completions, 'add_special_tokens', {
    type: 'boolean',
    default: 'true',
    meaning: 'Puts the BOS token before text prompts, where the tokenizer has one.',
  }),
  supported(chat, 'add_generation_prompt', {
    type: 'boolean',
    default: 'true',
    meaning: 'Ends the prompt with the beginning of an answer.',
  }),
  supported(chat, 'logprobs', {
    type: 'boolean',
    default: 'false',
    meaning: 'Log-probabilities of the output, of the raw distribution (before penalties and temperature).',
  }),
  supported(chat, 'top_logprobs', {
    type: 'integer, 0 to 20',
    default: '0',
    meaning: 'The likeliest tokens at each position. Needs `logprobs`.',
  }),
  supported(completions, 'logprobs', {
    type: 'integer, 0 to 20',
    default: 'off',
    meaning:
      'Log-probabilities of the output and of this many of the likeliest tokens at each position (raw distribution).',
  }),
  supported(both, 'logprob_token_ids', {
    type: 'array of 1 to 128 token ids',
    default: 'none',
    meaning: 'Log-probabilities of these tokens at each position, in place of the likeliest ones. Needs `logprobs`.',
  }),
  supported(both, 'prompt_logprobs', {
    type: 'integer, 0 to 20',
    default: 'off',
    meaning: 'Log-probabilities of the tokens of the prompt and of this many of the likeliest ones. Not with `stream`.',
  }),
  supported(both, 'return_token_ids', {
    type: 'boolean',
    default: 'false',
    meaning: 'Adds `prompt_token_ids` and `token_ids`.',
  }),
  supported(both, 'return_tokens_as_token_ids', {
    type: 'boolean',
    default: 'false',
    meaning: 'Log-probabilities name tokens `token_id:N`, which keeps equal texts apart.',
  }),
  supported(chat, 'return_prompt_text', {
    type: 'boolean',
    default: 'false',
    meaning: 'Adds `prompt_text`, the conversation as the template rendered it.',
  }),
  supported(both, 'skip_special_tokens', {
    type: 'boolean',
    default: 'true',
    meaning: 'Leaves special tokens out of the text.',
  }),
  supported(both, 'stream', {
    type: 'boolean',
    default: 'false',
    meaning: 'Server-sent events, one token a chunk, and `data: [DONE]`.',
  }),
  supported(both, 'stream_interval', {
    type: 'integer, 1 or more',
    default: '1',
    meaning: 'Tokens per chunk of a stream; the first token and the end never wait. Nothing without `stream`.',
  }),
  supported(both, 'stream_options', {
    type: 'object',
    default: 'none',
    meaning: 'Options of a stream; a 400 without `stream`.',
  }),
  supported(both, 'stream_options.include_usage', {
    type: 'boolean',
    default: 'false',
    meaning: 'A last chunk without choices carries `usage`, the others `"usage": null`.',
  }),
  supported(both, 'stream_options.continuous_usage_stats', {
    type: 'boolean',
    default: 'false',
    meaning: 'Every chunk carries the usage so far. Needs `include_usage`.',
  }),
  supported(both, 'stream_options.include_obfuscation', {
    type: 'boolean',
    default: 'false',
    meaning:
      'Chunks carry `obfuscation`, random text that levels their sizes, so that the lengths of tokens cannot be read off encrypted traffic. (On by default at OpenAI, off here.)',
  }),
  supported(both, 'timings', {
    type: 'boolean',
    default: 'false',
    meaning:
      "Adds llama.cpp's `timings`: of the first choice to an answer, of each choice to its last chunk in a stream.",
  }),
  supported(both, 'timings_per_token', {
    type: 'boolean',
    default: 'false',
    meaning: "llama.cpp's: `timings` in every chunk of a stream; elsewhere the same as `timings`.",
  }),
  supported(both, 'priority', {
    type: 'integer',
    default: '0',
    meaning: 'Lower runs first; running requests of higher numbers give way.',
  }),
  supported(both, 'cache_salt', {
    type: 'string, 1 to 1024 characters, none of @ / \\ NUL',
    default: 'the common pool',
    meaning: 'Prefixes are shared only with requests of the same salt, so that nobody can time what others have sent.',
  }),
  supported(both, 'request_id', {
    type: 'string, 1 to 128 of letters, digits and . _ : -',
    default: 'drawn',
    meaning:
      'The end of the `id` of the answer; without it that of an x-request-id header is taken where the client sent one.',
  }),
];
