import { z } from 'zod';
import { promptShape } from './prompt-fields.ts';
import { formatShape } from './response-format.ts';
import { generationShape, logprobCount } from './sampling-schema.ts';
import { toolShape } from './tool-schema.ts';

/** Body of POST /v1/chat/completions: the supported fields. */
export const chatSchema = z
  .object({
    ...generationShape,
    ...formatShape,
    ...promptShape,
    ...toolShape,
    max_tokens: z.int().min(1).nullish(),
    max_completion_tokens: z.int().min(1).nullish(),
    logprobs: z.boolean().nullish(),
    top_logprobs: logprobCount.nullish(),
    return_prompt_text: z.boolean().nullish(),
    echo: z.boolean().nullish(),
    include_reasoning: z.boolean().nullish(),
  })
  .refine((body) => !body.top_logprobs || body.logprobs === true, {
    error: 'needs logprobs: true',
    path: ['top_logprobs'],
  });
