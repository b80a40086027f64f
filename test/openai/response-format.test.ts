import { describe, expect, it } from 'vitest';
import { ApiError } from '../../src/errors.ts';
import { parseChat } from '../../src/openai/parse-chat.ts';
import { parseCompletion } from '../../src/openai/parse-completion.ts';
import { ScriptedEngine } from './support/scripted-engine.ts';
import { registryOf, servedModel } from './support/served.ts';

const endpoints = {
  chat: { parse: parseChat, body: { messages: [{ role: 'user', content: 'hi' }] } },
  completions: { parse: parseCompletion, body: { prompt: 'hi' } },
};

describe.each(Object.entries(endpoints))('the form of an answer, %s', (_, { parse, body }) => {
  async function specOf(fields: object) {
    const engine = new ScriptedEngine();
    const plan = await parse({ ...body, ...fields }, registryOf(servedModel(engine)));
    const [spec] = engine.grammars;
    // Every request carries the handle of what was compiled.
    for (const { grammar } of plan.requests) expect(grammar?.key).toBe(spec && JSON.stringify(spec));
    return spec ?? null;
  }

  async function faultOf(fields: object): Promise<Pick<ApiError, 'status' | 'param' | 'message'>> {
    const fault = await specOf(fields).then(
      () => null,
      (error: unknown) => error,
    );
    if (!(fault instanceof ApiError)) throw new Error(`no ApiError but ${String(fault)}`);
    return fault;
  }

  const schema = { type: 'object', properties: { a: { type: 'integer' } } };
  const schemaText = JSON.stringify(schema);

  it('nothing, null and text ask for none', async () => {
    for (const format of [undefined, null, { type: 'text' }]) {
      expect(await specOf({ response_format: format, structured_outputs: null })).toBeNull();
    }
    expect(await specOf({ structured_outputs: {} })).toBeNull();
    expect(await specOf({ structured_outputs: { json: null, json_object: false, structural_tag: null } })).toBeNull();
  });

  it.each<[string, object, object]>([
    ['json_object', { response_format: { type: 'json_object' } }, { type: 'jsonObject' }],
    [
      "llama.cpp's schema with json_object",
      { response_format: { type: 'json_object', schema } },
      { type: 'jsonSchema', schema: schemaText },
    ],
    [
      'json_schema',
      { response_format: { type: 'json_schema', json_schema: { name: 'x', schema, strict: true, description: 'd' } } },
      { type: 'jsonSchema', schema: schemaText },
    ],
    [
      "llama.cpp's schema with json_schema",
      { response_format: { type: 'json_schema', schema } },
      { type: 'jsonSchema', schema: schemaText },
    ],
    ['json', { structured_outputs: { json: schema } }, { type: 'jsonSchema', schema: schemaText, whitespace: 'any' }],
    ['json as text', { structured_outputs: { json: '{ }' } }, { type: 'jsonSchema', schema: '{ }', whitespace: 'any' }],
    [
      'json on one line',
      { structured_outputs: { json: true, disable_any_whitespace: true } },
      { type: 'jsonSchema', schema: 'true', whitespace: 'oneLine' },
    ],
    [
      'any object',
      { structured_outputs: { json_object: true, disable_fallback: true } },
      { type: 'jsonObject', whitespace: 'any' },
    ],
    ['regex', { structured_outputs: { regex: 'a+' } }, { type: 'regex', pattern: 'a+' }],
    ['choice', { structured_outputs: { choice: ['yes', 'no'] } }, { type: 'choice', choices: ['yes', 'no'] }],
    ['grammar', { structured_outputs: { grammar: 'root ::= "a"' } }, { type: 'ebnf', grammar: 'root ::= "a"' }],
  ])('%s', async (_name, fields, spec) => {
    expect(await specOf(fields)).toMatchObject(spec);
  });

  it.each<[string, object]>([
    ['response_format.type', { response_format: { type: 'xml' } }],
    ['response_format.type', { response_format: {} }],
    ['response_format', { response_format: 'json' }],
    ['response_format.json_schema', { response_format: { type: 'json_schema' } }],
    ['response_format.json_schema.schema', { response_format: { type: 'json_schema', json_schema: { name: 'x' } } }],
    [
      'response_format.json_schema.schema',
      { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: 'string' } } },
    ],
    ['structured_outputs.choice', { structured_outputs: { choice: [] } }],
    ['structured_outputs.choice.1', { structured_outputs: { choice: ['a', 1] } }],
    ['structured_outputs.regex', { structured_outputs: { regex: 1 } }],
    ['structured_outputs.structural_tag', { structured_outputs: { structural_tag: '{}' } }],
    ['structured_outputs.whitespace_pattern', { structured_outputs: { json: {}, whitespace_pattern: ' ' } }],
    ['structured_outputs.choice', { structured_outputs: { regex: 'a', choice: ['b'] } }],
    ['structured_outputs.json_object', { structured_outputs: { json: {}, json_object: true } }],
    ['structured_outputs', { response_format: { type: 'json_object' }, structured_outputs: { regex: 'a' } }],
  ])('a fault names %s', async (param, fields) => {
    expect(await faultOf(fields)).toMatchObject({ status: 400, param });
  });

  it('schemas that are nested without measure are refused', async () => {
    let deep: object = {};
    for (let i = 0; i < 5000; i++) deep = { items: deep };
    const param = 'structured_outputs.json';
    expect(await faultOf({ structured_outputs: { json: deep } })).toMatchObject({ status: 400, param });
  });
});
