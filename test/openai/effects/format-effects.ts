import { expect } from 'vitest';
import type { Asked, Effect } from './asked.ts';

const schema = {
  type: 'object',
  properties: { answer: { enum: ['yes', 'no'] }, size: { type: 'integer', minimum: 10, maximum: 99 } },
  required: ['answer', 'size'],
  additionalProperties: false,
};
const valid = { answer: expect.stringMatching(/^(yes|no)$/), size: expect.any(Number) };

/** Hot outputs of a form; each ends by itself. */
async function hot(asked: Asked, fields: object): Promise<string[]> {
  const seeds = [1, 2, 3];
  const choices = await Promise.all(
    seeds.map((seed) => asked.one({ temperature: 1.5, seed, max_tokens: 400, ...fields })),
  );
  for (const { finishReason } of choices) expect(finishReason).toBe('stop');
  return choices.map(({ text }) => text);
}

const holdsSchema =
  (fields: object): Effect =>
  async (asked) => {
    for (const text of await hot(asked, fields)) {
      const value = JSON.parse(text) as Record<string, unknown>;
      expect(value).toEqual(valid);
      expect(value['size']).toBeGreaterThanOrEqual(10);
      expect(value['size']).toBeLessThanOrEqual(99);
    }
  };

const matches =
  (structured: object, form: RegExp): Effect =>
  async (asked) => {
    for (const text of await hot(asked, { structured_outputs: structured })) expect(text).toMatch(form);
  };

/** The beginning of an object, or all of one: a small model may not find the end of a free one. */
const isObject =
  (fields: object): Effect =>
  async (asked) => {
    const { text, finishReason } = await asked.one({ max_tokens: 60, ...fields });
    expect(text).toMatch(/^\s*\{/);
    if (finishReason === 'stop') expect(typeof JSON.parse(text)).toBe('object');
    expect((await asked.one()).text).not.toMatch(/^\s*\{/);
  };

/** The form that an answer must have, on both endpoints. */
export const formatEffects: Readonly<Record<string, Effect>> = {
  response_format: isObject({ response_format: { type: 'json_object' } }),
  'response_format.json_schema': holdsSchema({
    response_format: { type: 'json_schema', json_schema: { name: 'verdict', schema, strict: true } },
  }),
  'response_format.schema': holdsSchema({ response_format: { type: 'json_object', schema } }),
  structured_outputs: async (asked) => {
    const both = { structured_outputs: { choice: ['a'] }, response_format: { type: 'json_object' } };
    expect((await asked.ask(both)).status).toBe(400);
    const none = await asked.one({ structured_outputs: {} });
    expect(none.text).toBe((await asked.one()).text);
  },
  'structured_outputs.json': async (asked) => {
    await holdsSchema({ structured_outputs: { json: schema } })(asked);
    await holdsSchema({ structured_outputs: { json: JSON.stringify(schema) } })(asked);
  },
  'structured_outputs.json_object': isObject({ structured_outputs: { json_object: true } }),
  'structured_outputs.regex': matches({ regex: '[0-9]{3}-[xyz]{2}' }, /^[0-9]{3}-[xyz]{2}$/),
  'structured_outputs.choice': matches({ choice: ['a cat', 'a dog', '42'] }, /^(a cat|a dog|42)$/),
  'structured_outputs.grammar': matches({ grammar: 'root ::= "<" [a-c] [a-c]? [a-c]? ">"' }, /^<[a-c]{1,3}>$/),
  'structured_outputs.disable_any_whitespace': async (asked) => {
    for (const text of await hot(asked, { structured_outputs: { json: schema, disable_any_whitespace: true } })) {
      expect(text).toMatch(/^\{"answer": "(yes|no)", "size": \d\d\}$/);
    }
  },
};
