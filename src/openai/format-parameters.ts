import { type Endpoint, type Parameter, supported } from './parameter.ts';

const both: readonly Endpoint[] = ['chat', 'completions'];

/** The form that an answer must have: rows of chat and text completions. */
export const formatParameters: readonly Parameter[] = [
  supported(both, 'response_format', {
    type: 'object {type}: `text`, `json_object` or `json_schema`',
    default: '`text`',
    meaning:
      'Only tokens that keep the answer valid can come. Schemas bind with and without `strict`; keywords that are not enforced are a 400 that names them.',
  }),
  supported(both, 'response_format.json_schema', {
    type: 'object {name, description, schema, strict}',
    default: 'none',
    meaning:
      'The JSON Schema. Objects that list `properties` have no others unless `additionalProperties` says so; properties come in the order of the schema.',
  }),
  supported(both, 'response_format.schema', {
    type: 'object',
    default: 'any object',
    meaning: "llama.cpp's place for the JSON Schema, with `json_object` or `json_schema`.",
  }),
  supported(both, 'structured_outputs', {
    type: 'object',
    default: 'none',
    meaning: "vLLM's: one of the forms below. Not together with a `response_format`.",
  }),
  supported(both, 'structured_outputs.json', {
    type: 'object, or string with its JSON text',
    default: 'none',
    meaning: 'A JSON Schema, as `response_format.json_schema.schema`.',
  }),
  supported(both, 'structured_outputs.json_object', {
    type: 'boolean',
    default: 'false',
    meaning: 'Any JSON object.',
  }),
  supported(both, 'structured_outputs.regex', {
    type: 'string',
    default: 'none',
    meaning: 'An ECMAScript pattern that the whole answer matches. No look-around, back references or word boundaries.',
  }),
  supported(both, 'structured_outputs.choice', {
    type: 'array of strings',
    default: 'none',
    meaning: 'The answer is one of these.',
  }),
  supported(both, 'structured_outputs.grammar', {
    type: 'string',
    default: 'none',
    meaning: 'A grammar in EBNF (of xgrammar, or GBNF of llama.cpp) with a rule `root`. No left recursion.',
  }),
  supported(both, 'structured_outputs.disable_any_whitespace', {
    type: 'boolean',
    default: 'false',
    meaning: 'JSON on one line, with one space after commas and colons.',
  }),
];
