import { type Endpoint, type Parameter, supported } from './parameter.ts';

const chat: readonly Endpoint[] = ['chat'];

/** Tools, and how the conversation becomes a prompt: rows of chat completions. */
export const chatParameters: readonly Parameter[] = [
  supported(chat, 'tools', {
    type: 'array of up to 1024 functions',
    default: 'none',
    meaning:
      'Functions that the model may call. With `strict: true` their arguments validate whenever they are called; calls that are required always validate.',
  }),
  supported(chat, 'tool_choice', {
    type: '`none`, `auto`, `required`, a function, `allowed_tools`',
    default: '`auto` with tools',
    meaning:
      'Which tools the answer may or must call. With `none` the model is not told of them; of `allowed_tools` it is told of these only.',
  }),
  supported(chat, 'parallel_tool_calls', {
    type: 'boolean',
    default: 'true',
    meaning: 'Whether one answer may hold several calls; if not, those after the first are left out.',
  }),
  supported(chat, 'functions', {
    type: 'array of up to 1024 functions',
    default: 'none',
    meaning: 'The old form of `tools`; the answer then has `function_call`. Not with `tools`.',
  }),
  supported(chat, 'function_call', {
    type: '`none`, `auto`, a function',
    default: '`auto` with functions',
    meaning: 'The old form of `tool_choice`, for `functions`.',
  }),
  supported(chat, 'continue_final_message', {
    type: 'boolean',
    default: 'false',
    meaning:
      'The last message stays open and the model goes on with it; its text is not repeated. Needs `add_generation_prompt: false`. The same as `prefix: true` in the last message.',
  }),
  supported(chat, 'echo', {
    type: 'boolean',
    default: 'false',
    meaning: "Puts an assistant's last message before the answer.",
  }),
  supported(chat, 'include_reasoning', {
    type: 'boolean',
    default: 'true',
    meaning: 'Whether the answer shows reasoning, where `--reasoning-parser` sets it apart.',
  }),
  supported(chat, 'chat_template', {
    type: 'string',
    default: "the model's",
    meaning: 'A Jinja template for this request. Only with `--trust-request-chat-template`.',
  }),
  supported(chat, 'chat_template_kwargs', {
    type: 'object',
    default: 'none',
    meaning: 'Further variables for the template; none of them replaces one that the server sets.',
  }),
  supported(chat, 'documents', {
    type: 'array of objects',
    default: 'none',
    meaning: 'Documents for the template; a 400 where it has no place for them, as the templates of DeepSeek have not.',
  }),
];
