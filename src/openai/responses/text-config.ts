import { z } from 'zod';
import { toJsonText } from '../json-text.ts';
import type { AnswerFormat } from '../plan-chat.ts';
import { toWellFormedText } from '../well-formed.ts';
import type { TextFormatObject } from './response-object.ts';

const formatName = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits or any of _ -');

const textFormat = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('text') }),
    z.object({ type: z.literal('json_object') }),
    z.object({
      type: z.literal('json_schema'),
      name: formatName,
      schema: z.record(z.string(), z.unknown(), { error: 'must be an object, a JSON Schema' }),
      strict: z.boolean().nullish(),
      description: z.string().transform(toWellFormedText).nullish(),
    }),
  ],
  { error: 'must be one of "text", "json_object", "json_schema"' },
);

/** `text`: the form of the answer. */
export const textConfig = z.object({
  format: textFormat.nullish(),
  verbosity: z
    .literal('medium', 'is not supported by this server ("medium" and null are accepted): ask for it in the prompt')
    .nullish(),
});

/** What a request says about the form of its answer. */
export interface FormatSettings {
  readonly format: AnswerFormat | null;
  /** As the answer repeats it. */
  readonly formatObject: TextFormatObject;
}

/**
 * `text.format` to the form of a chat's answer. Schemas always bind the answer, strict or not.
 * @throws ApiError 400 for a schema that is nested too deeply
 */
export function readTextFormat(config: z.output<typeof textConfig> | null): FormatSettings {
  const format = config?.format;
  if (format == null || format.type === 'text') return { format: null, formatObject: { type: 'text' } };
  if (format.type === 'json_object') {
    return { format: { spec: { type: 'jsonObject' }, param: 'text.format' }, formatObject: { type: 'json_object' } };
  }
  const { type, name, schema, strict, description } = format;
  const param = 'text.format.schema';
  return {
    format: { spec: { type: 'jsonSchema', schema: toJsonText(schema, param) }, param },
    formatObject: { type, name, schema, strict: strict ?? false, ...(description == null ? {} : { description }) },
  };
}
