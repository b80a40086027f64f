import { z } from 'zod';
import { formatShape } from './response-format.ts';
import { generationShape, logprobCount, MAX_CHOICES_PER_PROMPT } from './sampling-schema.ts';
import { toWellFormedText } from './well-formed.ts';

/** Body of POST /v1/completions: the supported fields. `prompt` is checked by readPrompts, which must be quick on long id lists. */
export const completionSchema = z
  .object({
    ...generationShape,
    ...formatShape,
    prompt: z.unknown(),
    suffix: z.string().transform(toWellFormedText).nullish(),
    logprobs: logprobCount.nullish(),
    echo: z.boolean().nullish(),
    best_of: z.int().min(1).max(MAX_CHOICES_PER_PROMPT).nullish(),
    add_special_tokens: z.boolean().nullish(),
  })
  .refine((body) => body.best_of == null || body.best_of >= (body.n ?? 1), {
    error: 'must be at least n',
    path: ['best_of'],
  })
  .refine((body) => body.best_of == null || body.best_of === (body.n ?? 1) || body.stream !== true, {
    error: 'must equal n with stream: true, because the best are known at the end only',
    path: ['best_of'],
  });

/** Checked fields of a text completion. */
export type CompletionFields = z.output<typeof completionSchema>;
