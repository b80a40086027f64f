import { chatSchema } from './chat-schema.ts';
import { checkParameters } from './check-parameters.ts';
import type { GenerationPlan } from './generation-plan.ts';
import type { ModelRegistry } from './model-registry.ts';
import { parseBody, requireObject } from './parse-body.ts';
import { planChat } from './plan-chat.ts';
import { readPromptEnd, templateOptions } from './prompt-fields.ts';
import { readTools } from './read-tools.ts';
import { readFormat } from './response-format.ts';

/**
 * Body of POST /v1/chat/completions to a plan.
 * @throws ApiError 400 naming the field, 404 for an unknown model, 503 while the engine loads
 */
export async function parseChat(body: unknown, registry: ModelRegistry): Promise<GenerationPlan> {
  const object = requireObject(body);
  checkParameters('chat', object);
  const fields = parseBody(chatSchema, object);
  const plan = await planChat(
    {
      idPrefix: 'chatcmpl',
      model: registry.resolve(fields.model),
      turns: fields.messages.turns,
      turnsParam: 'messages',
      fields,
      maxTokens: fields.max_completion_tokens ?? fields.max_tokens ?? null,
      logprobs: fields.logprobs === true ? (fields.top_logprobs ?? 0) : null,
      ...readTools(fields),
      format: readFormat(fields),
      ...readPromptEnd(fields),
      template: templateOptions(fields),
      includeReasoning: fields.include_reasoning ?? true,
      echo: fields.echo ?? false,
    },
    registry,
  );
  if (fields.return_prompt_text !== true) return plan;
  return { ...plan, promptText: plan.text.decode(plan.prompts[0]?.tokenIds ?? [], { skipSpecialTokens: false }) };
}
