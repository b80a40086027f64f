import { Ajv2020 } from 'ajv/dist/2020.js';
import type OpenAI from 'openai';
import { APIError } from 'openai';
import { describe, expect, it } from 'vitest';
import { useShippedServer } from '../support/shipped-server.ts';

const shipped = useShippedServer();

const person = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 30 },
    age: { type: 'integer', minimum: 0, maximum: 130 },
    mail: { anyOf: [{ type: 'string', pattern: '^[a-z]{1,10}@[a-z]{1,10}\\.com$' }, { type: 'null' }] },
    tags: { type: 'array', items: { enum: ['red', 'green', 'blue'] }, maxItems: 3 },
  },
  required: ['name', 'age', 'mail'],
  additionalProperties: false,
};
const isPerson = new Ajv2020().compile(person);
const format = { type: 'json_schema', json_schema: { name: 'person', strict: true, schema: person } };

type Fields = Record<string, unknown>;
const body = (fields: Fields): OpenAI.ChatCompletionCreateParamsNonStreaming => ({
  model: 'default',
  messages: [{ role: 'user', content: 'Give me a person as JSON.' }],
  max_tokens: 300,
  ...fields,
});

async function answer(fields: Fields) {
  const { choices } = await shipped.client.chat.completions.create(body(fields));
  return choices.map(({ message, finish_reason }) => ({ text: message.content!, finish: finish_reason }));
}

async function fault(fields: Fields): Promise<APIError> {
  const error = await answer(fields).catch((reason: unknown) => reason);
  if (!(error instanceof APIError)) throw new Error('the request was accepted');
  return error;
}

describe('structured answers of the shipped model', () => {
  it('validate over many seeds at a temperature at which nothing else would', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, seed) => answer({ response_format: format, temperature: 1.5, seed, n: 4 })),
    );
    for (const { text, finish } of answers.flat()) {
      if (finish === 'length') continue;
      expect(finish).toBe('stop');
      expect(isPerson(JSON.parse(text)), text).toBe(true);
    }
    expect(answers.flat().filter(({ finish }) => finish === 'stop').length).toBeGreaterThan(24);
    expect(new Set(answers.flat().map(({ text }) => text)).size).toBeGreaterThan(20);
  });

  it('are streamed as they are answered', async () => {
    const fields = { response_format: format, temperature: 1.5, seed: 11 };
    const [whole] = await answer(fields);
    const stream = await shipped.client.chat.completions.create({ ...body(fields), stream: true });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe(whole!.text);
  });

  it('are cut by max_tokens to the beginning of a valid answer', async () => {
    const fields = { response_format: format, temperature: 1.5, seed: 3 };
    const [whole] = await answer(fields);
    const [cut] = await answer({ ...fields, max_tokens: 6 });
    expect(cut!.finish).toBe('length');
    expect(cut!.text.length).toBeGreaterThan(0);
    expect(whole!.text.startsWith(cut!.text)).toBe(true);
  });

  it('come side by side with free ones, each the same as alone', async () => {
    const requests: Fields[] = Array.from({ length: 24 }, (_, i) => ({
      seed: i,
      temperature: 0.7,
      max_tokens: 60,
      ...[
        {},
        { response_format: format },
        { structured_outputs: { regex: '[A-Z][a-z]{2,12}( [A-Z][a-z]{2,12})?' } },
        { structured_outputs: { choice: ['Paris', 'London', 'Rome'] } },
      ][i % 4],
    }));
    const together = await Promise.all(requests.map(answer));
    for (const [i, [result]] of together.entries()) {
      if (i % 4 === 2) expect(result!.text).toMatch(/^[A-Z][a-z]{2,12}( [A-Z][a-z]{2,12})?$/);
      if (i % 4 === 3) expect(['Paris', 'London', 'Rome']).toContain(result!.text);
    }
    for (const i of [1, 2, 3]) expect(await answer(requests[i]!)).toEqual(together[i]);
  });

  it('go with every way of sampling', async () => {
    const ways: Fields[] = [
      { temperature: 0 },
      { temperature: 2, top_p: 0.5 },
      { temperature: 1, top_k: 3, min_p: 0.1 },
      { temperature: 1, presence_penalty: 2, frequency_penalty: 2, repetition_penalty: 1.5 },
      { temperature: 1, logit_bias: { 4073: 100, 5: -100 } },
      { temperature: 1, min_tokens: 60, ignore_eos: true },
      { temperature: 1, logprobs: true, top_logprobs: 3 },
    ];
    const answers = await Promise.all(ways.map((way) => answer({ response_format: format, seed: 1, ...way })));
    for (const [{ text, finish } = { text: '', finish: '' }] of answers) {
      if (finish === 'stop') expect(isPerson(JSON.parse(text)), text).toBe(true);
    }
  });

  it('text completions have forms too', async () => {
    const { choices } = await shipped.client.completions.create({
      model: 'default',
      prompt: 'The answer is',
      max_tokens: 10,
      temperature: 1,
      ...({ structured_outputs: { grammar: 'root ::= " " ("yes" | "no") "."' } } as object),
    });
    expect([' yes.', ' no.']).toContain(choices[0]!.text);
  });

  it('stop texts may end them earlier', async () => {
    const [result] = await answer({ response_format: format, seed: 1, stop: ['"age'] });
    expect(result!.finish).toBe('stop');
    expect(result!.text).toMatch(/^\{\s*"name": ?"[^"]*",\s*$/);
  });
});

describe('schemas that cannot be followed', () => {
  const schemaFormat = (schema: unknown) => ({ type: 'json_schema', json_schema: { name: 'x', schema } });

  it.each<[string, Fields]>([
    [
      'response_format.json_schema.schema.properties.a.pattern',
      { response_format: schemaFormat({ properties: { a: { type: 'string', pattern: '(?=x)' } } }) },
    ],
    ['response_format.json_schema.schema.not', { response_format: schemaFormat({ not: {} }) }],
    ['response_format.json_schema.schema', { response_format: schemaFormat({ $ref: '#' }) }],
    ['structured_outputs.json', { structured_outputs: { json: '{' } }],
    ['structured_outputs.regex', { structured_outputs: { regex: '(a|ab){1000000}' } }],
    ['structured_outputs.grammar', { structured_outputs: { grammar: 'root ::= root' } }],
  ])('%s', async (param, fields) => {
    const error = await fault(fields);
    expect(error.status).toBe(400);
    expect(error.param).toBe(param);
  });

  it('do not hold up running streams', async () => {
    let any: object = { type: 'integer' };
    for (let i = 0; i < 16; i++) any = { anyOf: [any, any] };
    const hostile: Fields[] = [
      { response_format: schemaFormat(any) },
      { structured_outputs: { regex: '((.{1,8}){1,8}){1,8}x' } },
      { response_format: schemaFormat({ enum: Array.from({ length: 100_000 }, (_, i) => `value ${i}`) }) },
      { structured_outputs: { grammar: 'root ::= [a-z] root [a-z] | [a-z]' } },
    ];
    const stream = await shipped.client.chat.completions.create({
      ...body({ temperature: 1, ignore_eos: true, max_tokens: 900 }),
      stream: true,
    });
    const faults = Promise.allSettled(hostile.map((fields) => answer({ max_tokens: 40, ...fields })));
    let isOver = false;
    void faults.then(() => {
      isOver = true;
    });
    let chunksMeanwhile = 0;
    for await (const _ of stream) if (!isOver) chunksMeanwhile++;
    expect(chunksMeanwhile).toBeGreaterThan(20);
    for (const result of await faults) {
      if (result.status === 'rejected') expect((result.reason as APIError).status).toBe(400);
    }
    expect((await answer({ response_format: format, seed: 1 }))[0]!.finish).toBe('stop');
  });
});
