import { z } from 'zod';
import { invalidRequest } from '../errors.ts';
import type { AnswerFormat } from './answer-grammar.ts';
import { toJsonText } from './json-text.ts';
import { readStructuredOutputs, structuredOutputs } from './structured-outputs.ts';
import { toWellFormedText } from './well-formed.ts';

const jsonSchemaObject = z.union([z.record(z.string(), z.unknown()), z.boolean()], {
  error: 'must be a JSON Schema (an object)',
});

/** OpenAI's forms, and the schema that llama.cpp takes beside `json_object` and without a `json_schema` around it. */
const responseFormat = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('text') }),
    z.object({ type: z.literal('json_object'), schema: jsonSchemaObject.nullish() }),
    z.object({
      type: z.literal('json_schema'),
      json_schema: z
        .object({
          name: z.string().min(1, 'must not be empty').max(256).nullish(),
          description: z.string().transform(toWellFormedText).nullish(),
          schema: jsonSchemaObject.nullish(),
          strict: z.boolean().nullish(),
        })
        .nullish(),
      schema: jsonSchemaObject.nullish(),
    }),
  ],
  { error: 'must be one of "text", "json_object", "json_schema"' },
);

/** Fields that give the answer a form, for chat and text completions. */
export const formatShape = {
  response_format: responseFormat.nullish(),
  structured_outputs: structuredOutputs.nullish(),
};

const formatFields = z.object(formatShape);
export type FormatFields = z.output<typeof formatFields>;

/**
 * The form that an answer must have; null for none. Schemas always bind the answer, strict or not.
 * @throws ApiError 400 when two fields ask for one, or one of them cannot be read
 */
export function readFormat(fields: FormatFields): AnswerFormat | null {
  const format = readResponseFormat(fields.response_format);
  const outputs = readStructuredOutputs(fields.structured_outputs);
  if (format !== null && outputs !== null) {
    const message = "Invalid 'structured_outputs': response_format gives the answer a form already; send one of them.";
    throw invalidRequest('structured_outputs', message);
  }
  return format ?? outputs;
}

function readResponseFormat(format: FormatFields['response_format']): AnswerFormat | null {
  if (format == null || format.type === 'text') return null;
  if (format.type === 'json_object') {
    return format.schema == null
      ? { spec: { type: 'jsonObject' }, param: 'response_format' }
      : schemaFormat(format.schema, 'response_format.schema');
  }
  const { json_schema: jsonSchema, schema } = format;
  if (jsonSchema?.schema != null) return schemaFormat(jsonSchema.schema, 'response_format.json_schema.schema');
  if (schema != null) return schemaFormat(schema, 'response_format.schema');
  const param = jsonSchema == null ? 'response_format.json_schema' : 'response_format.json_schema.schema';
  throw invalidRequest(param, `Invalid '${param}': is required with type "json_schema".`);
}

function schemaFormat(schema: unknown, param: string): AnswerFormat {
  return { spec: { type: 'jsonSchema', schema: toJsonText(schema, param) }, param };
}
