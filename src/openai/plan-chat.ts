import { THINK_BEGIN } from '../text/reasoning.ts';
import { type AnswerFormat, answerSpec } from './answer-grammar.ts';
import type { AnswerStyle, ReasoningStyle } from './answer-reader.ts';
import { buildPlan, type IdPrefix } from './build-plan.ts';
import type { GenerationPlan } from './generation-plan.ts';
import type { ModelRegistry } from './model-registry.ts';
import { checkPromptTokens, checkTextLength } from './prompt-length.ts';
import type { GenerationFields } from './sampling-schema.ts';
import type { ChatPromptOptions, ChatTurn, ServedModel, ToolChoice, ToolDefinition } from './served-model.ts';
import { truncatePrompt } from './truncate-prompt.ts';

export type { AnswerFormat } from './answer-grammar.ts';

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
  /** The template's own inputs; absent: none. */
  readonly template?: Pick<ChatPromptOptions, 'template' | 'templateVariables' | 'documents'>;
  /** The field that holds the parameters of a tool, for errors; absent: that of chat completions. */
  readonly toolParam?: (index: number) => string;
  /** Whether reasoning is shown; absent: it is. */
  readonly includeReasoning?: boolean;
  /** Whether the answer repeats an assistant's last message before its own text; absent: it does not. */
  readonly echo?: boolean;
  /** Whether the call is shown as OpenAI's old function_call; absent: as tool_calls. */
  readonly asFunctionCall?: boolean;
}

const chatToolParam = (index: number): string => `tools.${index}.function.parameters`;

/**
 * Prompt, grammar and engine requests of a conversation.
 * @throws ApiError 400 naming the field, 503 while the engine loads
 */
export async function planChat(job: ChatJob, registry: ModelRegistry): Promise<GenerationPlan> {
  const { model, turns, turnsParam, addGenerationPrompt } = job;
  const tools = shownTools(job);
  const { maxModelLen } = model.engine.limits;
  const maxTokens = job.maxTokens ?? model.generationDefaults.maxNewTokens ?? null;
  const encoded = await encodeJob(job);
  const tokenIds = truncatePrompt(encoded, job.fields, { maxModelLen, maxTokens });
  checkPromptTokens(tokenIds.length, maxModelLen, turnsParam);
  const answer = answerStyle(job, tools, tokenIds);
  const toolParam = job.toolParam ?? chatToolParam;
  const spec = answerSpec({
    tools: tools.map((definition, index) => ({ definition, param: toolParam(index) })),
    toolChoice: job.toolChoice,
    isParallel: answer.maxCalls > 1,
    toolFormat: answer.toolFormat,
    format: job.format,
    reasoning: answer.reasoning,
  });
  const grammar = spec === null ? null : await model.engine.compileGrammar(spec, job.format?.param ?? 'tools');
  const last = turns.at(-1);
  const echoed = job.echo === true && last?.role === 'assistant' ? last.content : '';

  const plan = await buildPlan({
    idPrefix: job.idPrefix,
    model,
    fingerprint: registry.fingerprint(model),
    fields: job.fields,
    prompts: [{ tokenIds, text: echoed }],
    maxTokens,
    logprobs: job.logprobs,
    echo: false,
    stripLeadingSpace: addGenerationPrompt,
    grammar,
    answer,
  });
  // Repeating a message asks for no log-probabilities of the prompt, as echo does in text completions.
  return { ...plan, echo: echoed !== '' };
}

/**
 * Ids of the prompt of a conversation, also of one that leaves no room for an answer.
 * @throws ApiError 400 for a text that is too long whatever its tokens are, 503 while the engine loads
 */
export async function encodeJob(job: ChatJob): Promise<readonly number[]> {
  const { model, turns } = job;
  const tools = shownTools(job);
  if (job.fields.truncate_prompt_tokens == null) {
    const described = tools.length === 0 ? 0 : JSON.stringify(tools).length;
    const characters = turns.reduce((sum, turn) => sum + turnLength(turn), described);
    const { maxModelLen } = model.engine.limits;
    checkTextLength(characters, { maxModelLen, maxTokenLength: model.text.maxTokenLength }, job.turnsParam);
  }
  return await model.text.encodeChat(turns, {
    addGenerationPrompt: job.addGenerationPrompt,
    continueFinalMessage: job.continueFinalMessage,
    tools,
    ...job.template,
  });
}

/** A model that must not call is not told of the tools. */
function shownTools({ toolChoice, tools }: ChatJob): readonly ToolDefinition[] {
  return toolChoice === 'none' ? [] : tools;
}

function turnLength(turn: ChatTurn): number {
  const calls = turn.role === 'assistant' ? (turn.toolCalls ?? []) : [];
  return calls.reduce((sum, call) => sum + call.name.length + call.arguments.length, turn.content.length);
}

function answerStyle(job: ChatJob, tools: readonly ToolDefinition[], promptTokenIds: readonly number[]): AnswerStyle {
  const { text } = job.model;
  const isNamed = typeof job.toolChoice === 'object';
  return {
    hasTools: tools.length > 0,
    callFinishReason: isNamed ? 'stop' : 'tool_calls',
    toolFormat: text.toolFormat,
    toolNames: tools.map(({ name }) => name),
    maxCalls: job.parallelToolCalls && !isNamed ? Number.MAX_SAFE_INTEGER : 1,
    // Whenever there is a grammar.
    isExact: job.toolChoice !== 'auto' || job.format !== null || tools.some(({ strict }) => strict),
    asFunctionCall: job.asFunctionCall ?? false,
    reasoning: text.reasoningFormat === null ? null : reasoningStyle(job, promptTokenIds),
  };
}

/** Templates of reasoning models end in `<think>`, so that the answer begins inside it. */
function reasoningStyle(
  { model, includeReasoning = true }: ChatJob,
  promptTokenIds: readonly number[],
): ReasoningStyle {
  const end = model.text.decode(promptTokenIds.slice(-16), { skipSpecialTokens: false });
  return { isOpen: end.trimEnd().endsWith(THINK_BEGIN), isShown: includeReasoning };
}
