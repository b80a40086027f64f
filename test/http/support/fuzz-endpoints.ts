export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** An endpoint with a body that it accepts and in which everything is checked. */
export interface FuzzEndpoint {
  readonly url: string;
  readonly errors: 'openai' | 'anthropic';
  readonly body: { readonly [key: string]: Json };
}

const schema: Json = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city', 'days'],
  additionalProperties: false,
};
const sampling: Record<string, Json> = {
  model: 'default',
  temperature: 0.5,
  top_p: 0.9,
  top_k: 40,
  min_p: 0.1,
  n: 2,
  seed: 7,
  stop: ['END', 'STOP'],
  presence_penalty: 0.5,
  frequency_penalty: 0.5,
  repetition_penalty: 1.1,
  logit_bias: { '5': 1.5 },
  max_tokens: 20,
  min_tokens: 1,
  stop_token_ids: [1, 2],
  ignore_eos: false,
  skip_special_tokens: true,
  return_token_ids: true,
  priority: 1,
  cache_salt: 'salt',
  user: 'somebody',
};
const streamed: Record<string, Json> = { stream: true, stream_options: { include_usage: true } };
const messages: Json = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: [{ type: 'text', text: 'Hello' }] },
  { role: 'assistant', content: 'Hi.' },
  { role: 'user', content: 'What is the weather?' },
];
const toolRound: Json = [
  { role: 'user', content: 'What is the weather?' },
  {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Rome"}' } }],
  },
  { role: 'tool', tool_call_id: 'call_1', content: 'sunny' },
];
const tools: Json = [
  { type: 'function', function: { name: 'get_weather', description: 'Weather', parameters: schema, strict: true } },
];
const chatBodies: readonly Record<string, Json>[] = [
  { ...sampling, messages, logprobs: true, top_logprobs: 2 },
  { ...sampling, ...streamed, messages, response_format: { type: 'json_schema', json_schema: { name: 'x', schema } } },
  { messages: toolRound, tools, tool_choice: 'auto', parallel_tool_calls: true, max_completion_tokens: 9 },
  { messages, tools, tool_choice: { type: 'function', function: { name: 'get_weather' } } },
];
const completionBodies: readonly Record<string, Json>[] = [
  { ...sampling, prompt: 'Once upon a time', logprobs: 2, echo: false },
  { ...sampling, ...streamed, prompt: ['One', 'Two'] },
  { prompt: [[1, 2, 3], [4]], max_tokens: 5 },
];
const anthropicBody: Record<string, Json> = {
  model: 'default',
  system: [{ type: 'text', text: 'Be brief.' }],
  messages: [
    { role: 'user', content: 'What is the weather?' },
    { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { city: 'Rome' } }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'sunny' }] },
  ],
  tools: [{ name: 'get_weather', description: 'Weather', input_schema: schema }],
  tool_choice: { type: 'auto', disable_parallel_tool_use: true },
};
const anthropicSampling: Record<string, Json> = {
  max_tokens: 20,
  stop_sequences: ['END'],
  stream: true,
  temperature: 0.5,
  top_p: 0.9,
  top_k: 40,
};
const responsesBodies: readonly Record<string, Json>[] = [
  { model: 'default', instructions: 'Be brief.', input: 'Hello', temperature: 0.5, top_p: 0.9, max_output_tokens: 20 },
  {
    model: 'default',
    input: [
      { role: 'user', content: [{ type: 'input_text', text: 'What is the weather?' }] },
      { type: 'function_call', call_id: 'call_1', name: 'get_weather', arguments: '{"city":"Rome"}' },
      { type: 'function_call_output', call_id: 'call_1', output: 'sunny' },
    ],
    tools: [{ type: 'function', name: 'get_weather', description: 'Weather', parameters: schema, strict: true }],
    tool_choice: 'auto',
    parallel_tool_calls: true,
    stream: true,
  },
  { input: 'Hello', text: { format: { type: 'json_schema', name: 'x', schema, strict: true } } },
];

function at(
  urls: readonly string[],
  bodies: readonly Record<string, Json>[],
  options: Omit<FuzzEndpoint, 'url' | 'body'> = { errors: 'openai' },
): FuzzEndpoint[] {
  return urls.flatMap((url) => bodies.map((body) => ({ url, body, ...options })));
}

const everywhere = (path: string): string[] => [`/v1${path}`, path, `/beta${path}`];

/** Every POST endpoint that takes a body, under its several paths. */
export const fuzzEndpoints: readonly FuzzEndpoint[] = [
  ...at(everywhere('/chat/completions'), chatBodies),
  ...at(everywhere('/completions'), completionBodies),
  ...at(['/v1/chat/completions/render', '/v1/chat/completions/input_tokens'], chatBodies),
  ...at(['/v1/completions/render'], completionBodies),
  ...at(['/v1/responses', '/responses'], responsesBodies),
  ...at(['/v1/messages', '/anthropic/v1/messages'], [{ ...anthropicBody, ...anthropicSampling }], {
    errors: 'anthropic',
  }),
  ...at(['/v1/messages/count_tokens'], [anthropicBody], { errors: 'anthropic' }),
  ...at(['/tokenize'], [{ model: 'default', prompt: 'Hello', add_special_tokens: true, return_token_strs: true }]),
  ...at(['/tokenize'], [{ messages, add_generation_prompt: true }]),
  ...at(['/detokenize'], [{ model: 'default', tokens: [1, 2, 3] }]),
];
