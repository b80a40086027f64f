import { z } from 'zod';
import { generationShape, MAX_TOP_LOGPROBS } from './sampling-schema.ts';

/** Body of POST /v1/completions: the supported fields. `prompt` is checked by readPrompts, which must be quick on long id lists. */
export const completionSchema = z
  .object({
    ...generationShape,
    prompt: z.unknown(),
    logprobs: z
      .int('must be an integer (the number of likeliest tokens to return)')
      .min(0, `must be 0 to ${MAX_TOP_LOGPROBS}`)
      .max(MAX_TOP_LOGPROBS)
      .nullish(),
    echo: z.boolean().nullish(),
    best_of: z.int().min(1).nullish(),
    add_special_tokens: z.boolean().nullish(),
  })
  .refine((body) => body.best_of == null || body.best_of === (body.n ?? 1), {
    error: 'is not supported yet by this server unless it equals n',
    path: ['best_of'],
  });
