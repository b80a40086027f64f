import { invalidRequest } from '../errors.ts';
import { PLAIN_ANSWER } from './answer-reader.ts';
import { buildPlan } from './build-plan.ts';
import { checkParameters } from './check-parameters.ts';
import { completionSchema } from './completion-schema.ts';
import type { GenerationPlan, PlannedPrompt } from './generation-plan.ts';
import type { ModelRegistry } from './model-registry.ts';
import { parseBody, requireObject } from './parse-body.ts';
import { type PromptInput, readPrompts } from './prompt-input.ts';
import { checkPromptTokens, checkTextLength } from './prompt-length.ts';
import type { ServedModel } from './served-model.ts';

/** OpenAI's and vLLM's default for text completions. */
const DEFAULT_MAX_TOKENS = 16;
/** Prompts times n. */
const MAX_CHOICES_PER_REQUEST = 2048;

/**
 * Body of POST /v1/completions to a plan.
 * @throws ApiError 400 naming the field, 404 for an unknown model, 503 while the engine loads
 */
export async function parseCompletion(body: unknown, registry: ModelRegistry): Promise<GenerationPlan> {
  const object = requireObject(body);
  checkParameters('completions', object);
  const fields = parseBody(completionSchema, object);
  const model = registry.resolve(fields.model);
  const { maxModelLen, vocabSize } = model.engine.limits;

  const inputs = readPrompts(fields.prompt, { vocabSize, maxPrompts: MAX_CHOICES_PER_REQUEST });
  const n = fields.n ?? 1;
  if (inputs.length * n > MAX_CHOICES_PER_REQUEST) {
    throw invalidRequest('n', `Invalid 'n': prompts times n must be at most ${MAX_CHOICES_PER_REQUEST}.`);
  }
  for (const input of inputs) {
    if ('tokenIds' in input) checkPromptTokens(input.tokenIds.length, maxModelLen, 'prompt');
    else checkTextLength(input.text.length, { maxModelLen, maxTokenLength: model.text.maxTokenLength }, 'prompt');
  }
  const options = {
    addSpecialTokens: fields.add_special_tokens ?? true,
    skipSpecialTokens: fields.skip_special_tokens ?? true,
    echo: fields.echo ?? false,
  };
  const prompts = await Promise.all(inputs.map((input) => encode(input, model, options)));
  for (const prompt of prompts) checkPromptTokens(prompt.tokenIds.length, maxModelLen, 'prompt');

  return buildPlan({
    idPrefix: 'cmpl',
    model,
    fingerprint: registry.fingerprint(model),
    fields,
    prompts,
    maxTokens: fields.max_tokens ?? DEFAULT_MAX_TOKENS,
    logprobs: fields.logprobs ?? null,
    echo: options.echo,
    stripLeadingSpace: false,
    grammar: null,
    answer: PLAIN_ANSWER,
  });
}

async function encode(
  input: PromptInput,
  { text }: ServedModel,
  options: { addSpecialTokens: boolean; skipSpecialTokens: boolean; echo: boolean },
): Promise<PlannedPrompt> {
  if ('text' in input) {
    return { tokenIds: await text.encodePrompt(input.text, options.addSpecialTokens), text: input.text };
  }
  const { tokenIds } = input;
  return { tokenIds, text: options.echo ? text.decode(tokenIds, options) : '' };
}
