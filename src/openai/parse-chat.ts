import { buildPlan } from './build-plan.ts';
import { chatSchema } from './chat-schema.ts';
import { checkParameters } from './check-parameters.ts';
import type { GenerationPlan } from './generation-plan.ts';
import type { ModelRegistry } from './model-registry.ts';
import { parseBody, requireObject } from './parse-body.ts';
import { checkPromptTokens, checkTextLength } from './prompt-length.ts';

/**
 * Body of POST /v1/chat/completions to a plan.
 * @throws ApiError 400 naming the field, 404 for an unknown model, 503 while the engine loads
 */
export async function parseChat(body: unknown, registry: ModelRegistry): Promise<GenerationPlan> {
  const object = requireObject(body);
  checkParameters('chat', object);
  const fields = parseBody(chatSchema, object);
  const model = registry.resolve(fields.model);
  const { maxModelLen } = model.engine.limits;

  const characters = fields.messages.reduce((sum, turn) => sum + turn.content.length, 0);
  checkTextLength(characters, { maxModelLen, maxTokenLength: model.text.maxTokenLength }, 'messages');
  const addGenerationPrompt = fields.add_generation_prompt ?? true;
  const tokenIds = await model.text.encodeChat(fields.messages, { addGenerationPrompt });
  checkPromptTokens(tokenIds.length, maxModelLen, 'messages');

  return buildPlan({
    idPrefix: 'chatcmpl',
    model,
    fingerprint: registry.fingerprint(model),
    fields,
    prompts: [{ tokenIds, text: '' }],
    maxTokens: fields.max_completion_tokens ?? fields.max_tokens ?? model.generationDefaults.maxNewTokens ?? null,
    logprobs: fields.logprobs === true ? (fields.top_logprobs ?? 0) : null,
    echo: false,
    stripLeadingSpace: addGenerationPrompt,
  });
}
