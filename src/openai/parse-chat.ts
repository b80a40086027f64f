import { chatSchema } from './chat-schema.ts';
import { checkParameters } from './check-parameters.ts';
import type { GenerationPlan } from './generation-plan.ts';
import type { ModelRegistry } from './model-registry.ts';
import { parseBody, requireObject } from './parse-body.ts';
import { planChat } from './plan-chat.ts';

/**
 * Body of POST /v1/chat/completions to a plan.
 * @throws ApiError 400 naming the field, 404 for an unknown model, 503 while the engine loads
 */
export async function parseChat(body: unknown, registry: ModelRegistry): Promise<GenerationPlan> {
  const object = requireObject(body);
  checkParameters('chat', object);
  const fields = parseBody(chatSchema, object);
  return await planChat(
    {
      idPrefix: 'chatcmpl',
      model: registry.resolve(fields.model),
      turns: fields.messages,
      turnsParam: 'messages',
      fields,
      maxTokens: fields.max_completion_tokens ?? fields.max_tokens ?? null,
      logprobs: fields.logprobs === true ? (fields.top_logprobs ?? 0) : null,
      tools: [],
      toolChoice: 'none',
      parallelToolCalls: true,
      format: null,
      addGenerationPrompt: fields.add_generation_prompt ?? true,
      continueFinalMessage: false,
    },
    registry,
  );
}
