import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { GenerationPlan } from '../../src/openai/generation-plan.ts';
import { parameterTable } from '../../src/openai/parameter-table.ts';
import { parseChat } from '../../src/openai/parse-chat.ts';
import { parseResponses } from '../../src/openai/responses/parse-responses.ts';
import { registryOf, servedModel } from './support/served.ts';

/** Rows of the responses table are those of chat where they mean the same: the same object but for the endpoints. */
const meaningOf = (endpoint: string, name: string): string | undefined =>
  parameterTable.find((row) => row.name === name && row.endpoints.some((own) => own === endpoint))?.meaning;
const shared = parameterTable
  .filter(({ status, endpoints }) => status === 'supported' && endpoints.includes('responses'))
  .filter(({ name, meaning }) => meaningOf('chat', name) === meaning)
  .map(({ name }) => name);

const values: Readonly<Record<string, unknown>> = {
  temperature: 0.5,
  top_p: 0.25,
  top_k: 7,
  min_p: 0.05,
  repetition_penalty: 1.2,
  presence_penalty: -1,
  frequency_penalty: 2,
  logit_bias: { '7': -100 },
  allowed_token_ids: [4, 5],
  bad_words: ['no'],
  seed: 42,
  stop: ['END'],
  stop_token_ids: [5],
  include_stop_str_in_output: true,
  skip_special_tokens: false,
  min_tokens: 2,
  ignore_eos: true,
  repetition_detection: { max_pattern_size: 3, min_count: 4 },
  return_tokens_as_token_ids: true,
  priority: -2,
  cache_salt: 'tenant-1',
  timings: true,
  stream_interval: 5,
  'stream_options.include_obfuscation': true,
};
/** Of the whole answer, and shown by the tests of the endpoint: which model, and under which id. */
const OF_THE_ANSWER = ['model', 'request_id'];

const registry = registryOf(servedModel());
/** What a field can change: the engine's request, and how the answer is rendered. */
function effectOf({ requests, stream, tokensAsIds, timings }: GenerationPlan): object {
  const [request] = requests;
  return { ...request, id: '', stream, tokensAsIds, timings };
}

function body(name: string, value: unknown): object {
  const [field, member] = name.split('.') as [string, string | undefined];
  const isOfStream = field.startsWith('stream');
  return { [field]: member === undefined ? value : { [member]: value }, ...(isOfStream ? { stream: true } : {}) };
}

describe('a field of chat completions means the same in a response', () => {
  it('for every field that the table says so of', () => {
    expect([...shared].sort()).toEqual([...Object.keys(values), ...OF_THE_ANSWER].sort());
  });

  it.each(Object.keys(values))('%s', async (name) => {
    const fields = body(name, values[name]);
    const stream = 'stream' in fields ? { stream: true } : {};
    const chat = { messages: [{ role: 'user', content: 'hi' }] };
    const asChat = effectOf(await parseChat({ ...chat, ...fields }, registry));
    expect(effectOf(await parseResponses({ input: 'hi', ...fields }, registry, null))).toEqual(asChat);
    expect(effectOf(await parseChat({ ...chat, ...stream }, registry))).not.toEqual(asChat);
  });
});

describe.each(['responses', 'messages'] as const)('%s', (endpoint) => {
  it('has tests that use every supported field of its own', () => {
    const folder = new URL(`./${endpoint}/`, import.meta.url);
    const sources = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => readFileSync(new URL(name, folder), 'utf8'))
      .join('\n');
    const own = parameterTable
      .filter(({ status, endpoints }) => status === 'supported' && endpoints.includes(endpoint))
      .map(({ name }) => name)
      .filter((name) => !(endpoint === 'responses' && shared.includes(name)));
    expect(own.length).toBeGreaterThan(10);
    for (const name of own) expect(sources).toMatch(new RegExp(`\\b${name.split('.').at(-1)}\\b`));
  });
});
