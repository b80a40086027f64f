import { invalidRequest } from '../../errors.ts';
import { checkParameters } from '../check-parameters.ts';
import type { GenerationPlan } from '../generation-plan.ts';
import { toJsonText } from '../json-text.ts';
import type { ModelRegistry } from '../model-registry.ts';
import { parseBody, requireObject } from '../parse-body.ts';
import { type AnswerFormat, type ChatJob, encodeJob, planChat } from '../plan-chat.ts';
import type { ServedModel } from '../served-model.ts';
import { textsOf } from './content-blocks.ts';
import { toConversation } from './conversation.ts';
import { countTokensSchema, messagesSchema, type PromptFields } from './messages-schema.ts';
import { readTools } from './tool-params.ts';

/** A checked request of POST /v1/messages. */
export interface MessagesPlan extends GenerationPlan {
  /** As asked for; the engine's limit is lower where the context has less room. */
  readonly maxTokens: number;
  readonly stopSequences: readonly string[];
}

/**
 * Body of Anthropic's POST /v1/messages to a plan.
 * @throws ApiError 400 naming the field, 404 for an unknown model, 503 while the engine loads
 */
export async function parseMessages(body: unknown, registry: ModelRegistry): Promise<MessagesPlan> {
  const fields = parseBody(messagesSchema, checkedObject(body));
  const stopSequences = fields.stop_sequences ?? [];
  const { stream, temperature, top_p, top_k, max_tokens: maxTokens } = fields;
  const sampling = { stream, temperature, top_p, top_k, stop: [...stopSequences] };
  const plan = await planChat({ ...toChatJob(fields, registry), fields: sampling, maxTokens }, registry);
  return { ...plan, id: plan.id.replace('msg-', 'msg_'), maxTokens, stopSequences };
}

/**
 * Body of POST /v1/messages/count_tokens: the prompt that the same fields make in POST /v1/messages, in tokens. It may be
 * longer than the context: that is what people want to know.
 * @throws ApiError 400 naming the field, 404 for an unknown model, 503 while the engine loads
 */
export async function countTokens(body: unknown, registry: ModelRegistry): Promise<{ input_tokens: number }> {
  const fields = parseBody(countTokensSchema, checkedObject(body));
  const tokenIds = await encodeJob(toChatJob(fields, registry));
  return { input_tokens: tokenIds.length };
}

function checkedObject(body: unknown): Readonly<Record<string, unknown>> {
  const object = requireObject(body);
  if (object['thread'] != null) {
    // At this code Anthropic's SDKs send the whole conversation instead; their tool runner tries a thread first.
    const message = "'thread' is not supported by this server, which stores nothing: send the whole conversation.";
    throw invalidRequest('thread', message, 'thread_unsupported_request');
  }
  checkParameters('messages', object);
  return object;
}

function toChatJob(fields: PromptFields, registry: ModelRegistry): ChatJob {
  const { turns, isPrefilled } = toConversation(textsOf(fields.system ?? ''), fields.messages);
  const format = readFormat(fields);
  if (format !== null && isPrefilled) {
    const message = `Invalid '${format.param}': the answer cannot be begun by an assistant message and have a format too.`;
    throw invalidRequest(format.param, message);
  }
  const model = registry.resolve(fields.model);
  return {
    idPrefix: 'msg',
    model,
    turns,
    turnsParam: 'messages',
    fields: {},
    maxTokens: null,
    logprobs: null,
    ...readTools(fields.tools ?? [], fields.tool_choice ?? null),
    toolParam: (index) => `tools.${index}.input_schema`,
    format,
    addGenerationPrompt: !isPrefilled,
    continueFinalMessage: isPrefilled,
    includeReasoning: showsThinking(fields, model),
  };
}

/**
 * A model that does not reason has thought as much as it wants to, which is what "adaptive" asks for; one that does is
 * not stopped by "disabled", but what it thinks is left out.
 */
function showsThinking({ thinking }: PromptFields, model: ServedModel): boolean {
  if (thinking == null || thinking.type === 'adaptive') return true;
  if (thinking.type !== 'disabled' && model.text.reasoningFormat === null) {
    const message =
      'Invalid \'thinking.type\': this model does not think ("disabled", "adaptive" and null are accepted).';
    throw invalidRequest('thinking.type', message);
  }
  return thinking.type !== 'disabled';
}

function readFormat({ output_config: config, output_format: oldFormat }: PromptFields): AnswerFormat | null {
  if (config?.format != null && oldFormat != null) {
    const message = "Invalid 'output_format': it is the old name of output_config.format; send one of them.";
    throw invalidRequest('output_format', message);
  }
  const format = config?.format ?? oldFormat;
  if (format == null) return null;
  const param = config?.format != null ? 'output_config.format.schema' : 'output_format.schema';
  return { spec: { type: 'jsonSchema', schema: toJsonText(format.schema, param) }, param };
}
