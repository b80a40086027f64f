import { invalidRequest } from '../errors.ts';
import type { GrammarSpec } from '../grammar/grammar-spec.ts';
import { PLAIN_ANSWER } from './answer-reader.ts';
import { buildPlan, type IdPrefix } from './build-plan.ts';
import type { GenerationPlan } from './generation-plan.ts';
import type { ModelRegistry } from './model-registry.ts';
import { checkPromptTokens, checkTextLength } from './prompt-length.ts';
import type { GenerationFields } from './sampling-schema.ts';
import type { ChatTurn, ServedModel, ToolChoice, ToolDefinition } from './served-model.ts';

/** A form that the whole answer must have, and the field that asked for it. */
export interface AnswerFormat {
  readonly spec: GrammarSpec;
  readonly param: string;
}

/** A conversation to be continued, whichever endpoint it came in through. */
export interface ChatJob {
  readonly idPrefix: IdPrefix;
  readonly model: ServedModel;
  readonly turns: readonly ChatTurn[];
  /** The field that holds the conversation, for errors. */
  readonly turnsParam: 'messages' | 'input';
  readonly fields: GenerationFields;
  /** As asked for; null = the model's default, else whatever room the context has left. */
  readonly maxTokens: number | null;
  /** Alternatives per output token; null = no log-probabilities. */
  readonly logprobs: number | null;
  readonly tools: readonly ToolDefinition[];
  readonly toolChoice: ToolChoice;
  /** Whether one answer may hold several calls. */
  readonly parallelToolCalls: boolean;
  readonly format: AnswerFormat | null;
  readonly addGenerationPrompt: boolean;
  /** The last turn is an assistant's that the model goes on with. */
  readonly continueFinalMessage: boolean;
}

/**
 * Prompt, grammar and engine requests of a conversation.
 * @throws ApiError 400 naming the field, 503 while the engine loads
 */
export async function planChat(job: ChatJob, registry: ModelRegistry): Promise<GenerationPlan> {
  const { model, turns, turnsParam, addGenerationPrompt } = job;
  if (job.tools.length > 0) throw invalidRequest('tools', "'tools' is not supported yet by this server.");
  const { maxModelLen } = model.engine.limits;
  const characters = turns.reduce((sum, turn) => sum + turn.content.length, 0);
  checkTextLength(characters, { maxModelLen, maxTokenLength: model.text.maxTokenLength }, turnsParam);
  const tokenIds = await model.text.encodeChat(turns, {
    addGenerationPrompt,
    continueFinalMessage: job.continueFinalMessage,
  });
  checkPromptTokens(tokenIds.length, maxModelLen, turnsParam);
  const grammar = job.format === null ? null : await model.engine.compileGrammar(job.format.spec, job.format.param);

  return buildPlan({
    idPrefix: job.idPrefix,
    model,
    fingerprint: registry.fingerprint(model),
    fields: job.fields,
    prompts: [{ tokenIds, text: '' }],
    maxTokens: job.maxTokens ?? model.generationDefaults.maxNewTokens ?? null,
    logprobs: job.logprobs,
    echo: false,
    stripLeadingSpace: addGenerationPrompt,
    grammar,
    answer: PLAIN_ANSWER,
  });
}
