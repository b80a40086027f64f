import { z } from 'zod';
import { invalidRequest } from '../errors.ts';
import type { JsonWhitespace } from '../grammar/grammar-spec.ts';
import type { AnswerFormat } from './answer-grammar.ts';
import { toJsonText } from './json-text.ts';
import { toWellFormedText } from './well-formed.ts';

const MAX_CHOICES = 100_000;
const wellFormed = z.string().transform(toWellFormedText);
const notOffered = (words: string) => z.null(`is not supported by this server${words}`).optional();

/** vLLM's `structured_outputs`. */
export const structuredOutputs = z.object({
  json: z
    .union([z.string(), z.record(z.string(), z.unknown()), z.boolean()], {
      error: 'must be a JSON Schema (an object, or its JSON text)',
    })
    .nullish(),
  regex: wellFormed.nullish(),
  choice: z.array(z.unknown()).min(1, 'must not be empty').max(MAX_CHOICES).pipe(z.array(wellFormed)).nullish(),
  grammar: wellFormed.nullish(),
  json_object: z.boolean().nullish(),
  structural_tag: notOffered(''),
  whitespace_pattern: notOffered(': white space is bounded (disable_any_whitespace leaves none but the usual)'),
  disable_any_whitespace: z.boolean().nullish(),
  /** There is one backend, and nothing to fall back to. */
  disable_fallback: z.boolean().nullish(),
  /** Objects are closed anyway where a schema lists properties and does not say otherwise. */
  disable_additional_properties: z.boolean().nullish(),
});

type StructuredOutputs = z.output<typeof structuredOutputs>;

/** @throws ApiError 400 when it asks for two forms at once */
export function readStructuredOutputs(outputs: StructuredOutputs | null | undefined): AnswerFormat | null {
  if (outputs == null) return null;
  const formats = readAll(outputs);
  const [first = null, second] = formats;
  if (second !== undefined) {
    throw invalidRequest(
      second.param,
      `Invalid '${second.param}': only one of json, regex, choice, grammar and json_object can be given.`,
    );
  }
  return first;
}

function readAll(outputs: StructuredOutputs): AnswerFormat[] {
  const { json, regex, choice, grammar, json_object: jsonObject, disable_any_whitespace: isOneLine } = outputs;
  const whitespace: JsonWhitespace = isOneLine === true ? 'oneLine' : 'any';
  const param = (name: string): string => `structured_outputs.${name}`;
  const formats: AnswerFormat[] = [];
  if (json != null) {
    const schema = typeof json === 'string' ? json : toJsonText(json, param('json'));
    formats.push({ spec: { type: 'jsonSchema', schema, whitespace }, param: param('json') });
  }
  if (regex != null) formats.push({ spec: { type: 'regex', pattern: regex }, param: param('regex') });
  if (choice != null) formats.push({ spec: { type: 'choice', choices: choice }, param: param('choice') });
  if (grammar != null) formats.push({ spec: { type: 'ebnf', grammar }, param: param('grammar') });
  if (jsonObject === true) formats.push({ spec: { type: 'jsonObject', whitespace }, param: param('json_object') });
  return formats;
}
