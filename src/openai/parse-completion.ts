import { invalidRequest } from '../errors.ts';
import { PLAIN_ANSWER } from './answer-reader.ts';
import { buildPlan } from './build-plan.ts';
import { checkParameters } from './check-parameters.ts';
import { type CompletionFields, completionSchema } from './completion-schema.ts';
import { encodeFim } from './fim-prompt.ts';
import type { GenerationPlan, PlannedPrompt } from './generation-plan.ts';
import type { ModelRegistry } from './model-registry.ts';
import { parseBody, requireObject } from './parse-body.ts';
import { type PromptInput, readPrompts } from './prompt-input.ts';
import { checkPromptTokens, checkTextLength } from './prompt-length.ts';
import { readFormat } from './response-format.ts';
import type { ServedModel } from './served-model.ts';
import { truncatePrompt } from './truncate-prompt.ts';

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
  const format = readFormat(fields);
  const model = registry.resolve(fields.model);
  const { maxModelLen, vocabSize } = model.engine.limits;

  const inputs = readPrompts(fields.prompt, { vocabSize, maxPrompts: MAX_CHOICES_PER_REQUEST });
  const n = fields.n ?? 1;
  if (inputs.length * (fields.best_of ?? n) > MAX_CHOICES_PER_REQUEST) {
    const name = fields.best_of == null ? 'n' : 'best_of';
    throw invalidRequest(name, `Invalid '${name}': prompts times ${name} must be at most ${MAX_CHOICES_PER_REQUEST}.`);
  }
  const maxTokens = fields.max_tokens ?? DEFAULT_MAX_TOKENS;
  const suffix = fields.suffix ?? '';
  if (suffix !== '') checkSuffix(fields);
  const textLimits = { maxModelLen, maxTokenLength: model.text.maxTokenLength };
  if (fields.truncate_prompt_tokens == null) {
    for (const input of inputs) {
      if ('tokenIds' in input) checkPromptTokens(input.tokenIds.length, maxModelLen, 'prompt');
      else checkTextLength(input.text.length + suffix.length, textLimits, 'prompt');
    }
  }
  const options = {
    suffix,
    addSpecialTokens: fields.add_special_tokens ?? true,
    skipSpecialTokens: fields.skip_special_tokens ?? true,
    echo: fields.echo ?? false,
  };
  const prompts = (await Promise.all(inputs.map((input) => encode(input, model, options)))).map((prompt) => {
    const tokenIds = truncatePrompt(prompt.tokenIds, fields, { maxModelLen, maxTokens });
    // What echo repeats is what the model has seen.
    return tokenIds === prompt.tokenIds ? prompt : { tokenIds, text: model.text.decode(tokenIds, options) };
  });
  for (const prompt of prompts) checkPromptTokens(prompt.tokenIds.length, maxModelLen, 'prompt');

  return await buildPlan({
    idPrefix: 'cmpl',
    model,
    fingerprint: registry.fingerprint(model),
    fields,
    prompts,
    maxTokens,
    logprobs: fields.logprobs ?? null,
    echo: options.echo,
    stripLeadingSpace: false,
    grammar: format === null ? null : await model.engine.compileGrammar(format.spec, format.param),
    answer: PLAIN_ANSWER,
    bestOf: fields.best_of ?? null,
  });
}

/** The prompt of a gap is laid out by the server, so it can be neither cut nor scored as the client's own. */
function checkSuffix(fields: CompletionFields): void {
  if (fields.truncate_prompt_tokens != null) {
    const message = "Invalid 'truncate_prompt_tokens': not available with suffix.";
    throw invalidRequest('truncate_prompt_tokens', message);
  }
  if (fields.echo === true && fields.logprobs != null) {
    throw invalidRequest('logprobs', "Invalid 'logprobs': not available with both echo and suffix.");
  }
}

async function encode(
  input: PromptInput,
  model: ServedModel,
  options: { suffix: string; addSpecialTokens: boolean; skipSpecialTokens: boolean; echo: boolean },
): Promise<PlannedPrompt> {
  const { text } = model;
  if (options.suffix !== '') {
    const tokenIds = await encodeFim(input, options.suffix, model, options.addSpecialTokens);
    return { tokenIds, text: 'text' in input ? input.text : text.decode(input.tokenIds, options) };
  }
  if ('text' in input) {
    return { tokenIds: await text.encodePrompt(input.text, options.addSpecialTokens), text: input.text };
  }
  const { tokenIds } = input;
  return { tokenIds, text: options.echo ? text.decode(tokenIds, options) : '' };
}
