import { z } from 'zod';
import { messagesSchema } from './message-schema.ts';
import { generationShape, MAX_TOP_LOGPROBS } from './sampling-schema.ts';

/** Body of POST /v1/chat/completions: the supported fields. */
export const chatSchema = z
  .object({
    ...generationShape,
    messages: messagesSchema,
    max_tokens: z.int().min(1).nullish(),
    max_completion_tokens: z.int().min(1).nullish(),
    logprobs: z.boolean().nullish(),
    top_logprobs: z.int().min(0).max(MAX_TOP_LOGPROBS).nullish(),
    add_generation_prompt: z.boolean().nullish(),
  })
  .refine((body) => !body.top_logprobs || body.logprobs === true, {
    error: 'needs logprobs: true',
    path: ['top_logprobs'],
  });
