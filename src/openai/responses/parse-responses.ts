import { invalidRequest } from '../../errors.ts';
import { checkParameters } from '../check-parameters.ts';
import type { GenerationPlan } from '../generation-plan.ts';
import type { ModelRegistry } from '../model-registry.ts';
import { parseBody, requireObject } from '../parse-body.ts';
import { planChat } from '../plan-chat.ts';
import { planWithinContext } from './fit-context.ts';
import { readTools } from './function-tools.ts';
import { toTurns } from './input-turns.ts';
import type { ResponseSettings } from './response-object.ts';
import { type ResponsesFields, responsesSchema } from './responses-schema.ts';
import { readTextFormat } from './text-config.ts';

/** A checked request of POST /v1/responses. */
export interface ResponsesPlan extends GenerationPlan {
  readonly settings: ResponseSettings;
}

/** Fields that name something stored. */
const STORED = ['previous_response_id', 'conversation'] as const;

type Body = Readonly<Record<string, unknown>>;

/**
 * Body of POST /v1/responses to a plan.
 * @param clientId the client's x-request-id, to be part of the id of the answer; a `request_id` in the body comes first
 * @throws ApiError 400 naming the field, 404 for an unknown model, 503 while the engine loads
 */
export async function parseResponses(
  body: unknown,
  registry: ModelRegistry,
  clientId: string | null,
): Promise<ResponsesPlan> {
  const object = requireObject(body);
  refuseStored(object);
  checkParameters('responses', object);
  const fields = parseBody(responsesSchema, object);
  const { turns, continuesFinalMessage } = toTurns(fields.instructions ?? null, fields.input);
  const { toolObjects, toolChoiceObject, ...tools } = readTools(fields.tools ?? [], fields.tool_choice ?? null);
  const { format, formatObject } = readTextFormat(fields.text ?? null);
  if (format !== null && continuesFinalMessage) {
    const message = `Invalid '${format.param}': an unfinished message cannot be continued in a format.`;
    throw invalidRequest(format.param, message);
  }
  const wantsLogprobs = fields.include?.includes('message.output_text.logprobs') || fields.top_logprobs;
  const job = {
    idPrefix: 'resp',
    model: registry.resolve(fields.model),
    turns,
    turnsParam: 'input',
    fields,
    maxTokens: fields.max_output_tokens ?? null,
    logprobs: wantsLogprobs ? (fields.top_logprobs ?? 0) : null,
    ...tools,
    parallelToolCalls: fields.parallel_tool_calls ?? true,
    format,
    addGenerationPrompt: !continuesFinalMessage,
    continueFinalMessage: continuesFinalMessage,
  } as const;
  const plan = await (fields.truncation === 'auto' ? planWithinContext(job, registry) : planChat(job, registry));
  const suffix = fields.request_id ?? clientId ?? plan.id.slice('resp-'.length);
  const id = `resp_${suffix}`;
  const settings = {
    ...echoedSettings(fields, object, plan),
    id,
    text: { format: formatObject, verbosity: 'medium' },
    tool_choice: toolChoiceObject,
    tools: toolObjects,
  } as const;
  return { ...plan, id, settings };
}

/**
 * Body of POST /v1/responses/input_tokens: what the same fields take in POST /v1/responses.
 * @throws ApiError as parseResponses does
 */
export async function countInputTokens(body: unknown, registry: ModelRegistry): Promise<object> {
  const { prompts } = await parseResponses(body, registry, null);
  return { object: 'response.input_tokens', input_tokens: prompts[0]?.tokenIds.length ?? 0 };
}

function refuseStored(body: Body): void {
  for (const name of STORED) {
    if (!Object.hasOwn(body, name) || body[name] === null || body[name] === undefined) continue;
    const message = `'${name}' is not supported: this server stores no responses and no conversations. Send the whole conversation in 'input'.`;
    throw invalidRequest(name, message, 'unsupported_parameter');
  }
}

/** What the answer repeats. Fields without influence on it were checked against the parameter table only. */
function echoedSettings(
  fields: ResponsesFields,
  body: Body,
  plan: GenerationPlan,
): Omit<ResponseSettings, 'id' | 'text' | 'tool_choice' | 'tools'> {
  const sampling = plan.requests[0]?.sampling;
  return {
    object: 'response',
    created_at: plan.created,
    model: plan.model,
    background: false,
    conversation: null,
    frequency_penalty: sampling?.frequencyPenalty ?? 0,
    instructions: fields.instructions ?? null,
    max_output_tokens: fields.max_output_tokens ?? null,
    max_tool_calls: typeof body['max_tool_calls'] === 'number' ? body['max_tool_calls'] : null,
    metadata: fields.metadata ?? {},
    parallel_tool_calls: fields.parallel_tool_calls ?? true,
    presence_penalty: sampling?.presencePenalty ?? 0,
    previous_response_id: null,
    prompt_cache_key: stringOf(body['prompt_cache_key']),
    reasoning: { effort: fields.reasoning?.effort ?? null, summary: null },
    safety_identifier: stringOf(body['safety_identifier']),
    service_tier: 'default',
    store: false,
    temperature: sampling?.temperature ?? 1,
    top_logprobs: fields.top_logprobs ?? 0,
    top_p: sampling?.topP ?? 1,
    truncation: fields.truncation ?? 'disabled',
    user: stringOf(body['user']),
  };
}

function stringOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
