import { chatParameters } from './chat-parameters.ts';
import { formatParameters } from './format-parameters.ts';
import { messagesParameters } from './messages/messages-parameters.ts';
import { type Endpoint, ignored, offOnly, type Parameter } from './parameter.ts';
import { requestParameters } from './request-parameters.ts';
import { responsesParameters } from './responses/responses-parameters.ts';
import { samplingParameters } from './sampling-parameters.ts';

const both: readonly Endpoint[] = ['chat', 'completions'];
const chat: readonly Endpoint[] = ['chat'];
const completions: readonly Endpoint[] = ['completions'];

/** Every known field of the tabled endpoints; drives the check of bodies, the tests and docs/api.md. */
export const parameterTable: readonly Parameter[] = [
  ...requestParameters,
  ...samplingParameters,
  ...formatParameters,
  ...chatParameters,
  ...messagesParameters,
  ...responsesParameters,

  ignored(both, 'user', 'string', 'names the end user for abuse reports'),
  ignored(both, 'metadata', 'object', 'is stored with the answer, and nothing is stored'),
  ignored(both, 'safety_identifier', 'string', 'names the end user for abuse reports'),
  ignored(both, 'session_id', 'string', 'is a hint for routers; prefixes are shared without it'),
  ignored(both, 'prompt_cache_key', 'string', 'is a hint; prefixes are shared without it'),
  ignored(both, 'prompt_cache_retention', 'string', 'is a hint; the cache keeps what fits'),
  ignored(both, 'prompt_cache_options', 'object', 'is a hint; the cache keeps what fits'),
  ignored(both, 'service_tier', 'string', 'chooses a price; there is one tier'),
  ignored(chat, 'prediction', 'object', 'only makes answers come sooner, where the server can use it'),
  ignored(both, 'spaces_between_special_tokens', 'boolean', 'has no effect with a byte-level tokenizer'),
  ignored(both, 'return_token_offsets', 'boolean', 'acts on prompts that are rendered without running'),
  ignored(both, 'return_mm_kwargs', 'boolean', 'is about images, and the model reads text only'),

  offOnly(chat, 'modalities', [['text'], []], 'Kinds of output; there is text.'),
  offOnly(chat, 'audio', [], 'Spoken answers.'),
  offOnly(chat, 'web_search_options', [], 'Web search.'),
  offOnly(chat, 'moderation', [], 'Moderation of the conversation.'),
  offOnly(chat, 'reasoning_effort', ['none'], 'How much to reason; the model does not.'),
  offOnly(chat, 'thinking', [{ type: 'disabled' }], "DeepSeek's switch for reasoning; the model decides."),
  offOnly(both, 'thinking_token_budget', [-1], 'Limits reasoning; max_tokens limits all of the answer.'),
  offOnly(chat, 'verbosity', ['medium'], 'How long answers should be; ask for it in the prompt.'),
  offOnly(both, 'store', [false], 'Keeps the answer for later; nothing is stored.'),
  offOnly(both, 'watermarking', [false], 'Marks the output statistically.'),

  offOnly(chat, 'add_special_tokens', [false], 'A second BOS; the template adds the first.'),
  offOnly(chat, 'mm_processor_kwargs', [{}], 'Images, sound and video; the model reads text only.'),
  offOnly(chat, 'media_io_kwargs', [{}], 'Images, sound and video; the model reads text only.'),
  offOnly(completions, 'prompt_embeds', [], 'Prompts as vectors.'),
  offOnly(both, 'logits_processors', [[]], 'Code of the client that changes logits.'),
  offOnly(both, 'return_routed_experts', [false], 'Which experts each token went to.'),
  offOnly(both, 'routed_experts_prompt_start', [0], 'Where the list of routed experts begins.'),
  offOnly(both, 'kv_transfer_params', [], 'Moves cached prefixes between servers.'),
  offOnly(both, 'ec_transfer_params', [], 'Moves cached images between servers.'),
  offOnly(both, 'vllm_xargs', [{}], 'Arguments of vLLM plugins.'),
  offOnly(both, 'guided_json', [], 'Old name of `structured_outputs.json`.'),
  offOnly(both, 'guided_regex', [], 'Old name of `structured_outputs.regex`.'),
  offOnly(both, 'guided_choice', [], 'Old name of `structured_outputs.choice`.'),
  offOnly(both, 'guided_grammar', [], 'Old name of `structured_outputs.grammar`.'),
  offOnly(both, 'structural_tag', [], "SGLang's name of `structured_outputs.structural_tag`."),
  offOnly(both, 'regex', [], "SGLang's name of `structured_outputs.regex`."),
  offOnly(both, 'ebnf', [], "SGLang's name of `structured_outputs.grammar`."),
  offOnly(both, 'json_schema', [], "llama.cpp's and SGLang's name of `structured_outputs.json`."),
  offOnly(both, 'grammar', [], "llama.cpp's name of `structured_outputs.grammar`."),
];
