import { randomUUID } from 'node:crypto';
import { toGenerateRequest } from '../engine/generate-request.ts';
import { invalidRequest } from '../errors.ts';
import type { GrammarHandle } from '../grammar/grammar-spec.ts';
import type { AnswerStyle } from './answer-reader.ts';
import { choiceSeed } from './choice-seed.ts';
import type { GenerationPlan, PlannedPrompt } from './generation-plan.ts';
import { resolveSampling } from './resolve-sampling.ts';
import type { GenerationFields } from './sampling-schema.ts';
import type { ServedModel } from './served-model.ts';

/** What ids of answers begin with: chat completions, completions, responses, messages. */
export type IdPrefix = 'chatcmpl' | 'cmpl' | 'resp' | 'msg';

/** What the endpoints settle before a plan is built. */
export interface PlanInput {
  readonly idPrefix: IdPrefix;
  readonly model: ServedModel;
  readonly fingerprint: string;
  readonly fields: GenerationFields;
  readonly prompts: readonly PlannedPrompt[];
  /** As asked for or the endpoint's default; null = whatever room the context has left. */
  readonly maxTokens: number | null;
  readonly logprobs: number | null;
  readonly echo: boolean;
  readonly stripLeadingSpace: boolean;
  /** What every output must match; null = anything. */
  readonly grammar: GrammarHandle | null;
  readonly answer: AnswerStyle;
}

function checkMinTokens(minTokens: number | null | undefined, maxTokens: number | null): void {
  if (minTokens == null || maxTokens === null || minTokens <= maxTokens) return;
  throw invalidRequest('min_tokens', `Invalid 'min_tokens': must not be greater than max_tokens (${maxTokens}).`);
}

function checkStreamOptions(fields: GenerationFields): void {
  const options = fields.stream_options;
  if (fields.stream !== true && (options?.include_usage || options?.continuous_usage_stats)) {
    throw invalidRequest('stream_options', "Invalid 'stream_options': only allowed with stream: true.");
  }
  if (options?.continuous_usage_stats && !options.include_usage) {
    const param = 'stream_options.continuous_usage_stats';
    throw invalidRequest(param, `Invalid '${param}': needs include_usage: true.`);
  }
  if (fields.stream === true && fields.prompt_logprobs != null) {
    throw invalidRequest('prompt_logprobs', "Invalid 'prompt_logprobs': not available with stream: true.");
  }
}

/**
 * The engine's requests and the rendering options of a checked body.
 * @throws ApiError 400 for fields that contradict each other or the vocabulary, 503 while the engine loads
 */
export function buildPlan(input: PlanInput): GenerationPlan {
  const { fields, model, prompts } = input;
  checkStreamOptions(fields);
  checkMinTokens(fields.min_tokens, input.maxTokens);
  const { maxModelLen, vocabSize } = model.engine.limits;
  const n = fields.n ?? 1;
  const stream = fields.stream === true;
  const promptLogprobs = fields.prompt_logprobs ?? null;
  const echoLogprobs = input.echo ? input.logprobs : null;
  const scorePrompt =
    promptLogprobs === null && echoLogprobs === null ? null : Math.max(promptLogprobs ?? 0, echoLogprobs ?? 0);
  const skipSpecialTokens = fields.skip_special_tokens ?? true;
  // The id on the wire may be the client's own (vLLM's request_id); the engine's must be unique.
  const unique = randomUUID().replaceAll('-', '');

  const requests = prompts.flatMap((prompt, p) => {
    const room = maxModelLen - prompt.tokenIds.length;
    const maxTokens = Math.min(input.maxTokens ?? room, room);
    const sampling = resolveSampling(fields, model.generationDefaults, {
      vocabSize,
      maxTokens,
      logprobs: input.logprobs,
    });
    return Array.from({ length: n }, (_, j) =>
      toGenerateRequest({
        id: `${input.idPrefix}-${unique}-${p * n + j}`,
        promptTokenIds: prompt.tokenIds,
        sampling: sampling.seed === null ? sampling : { ...sampling, seed: choiceSeed(sampling.seed, j) },
        maxTokens,
        stop: fields.stop ?? [],
        includeStopStrInOutput: fields.include_stop_str_in_output ?? false,
        skipSpecialTokens,
        stripLeadingSpace: input.stripLeadingSpace,
        priority: fields.priority ?? 0,
        cacheSalt: fields.cache_salt ?? null,
        // Without echo, one scoring of a prompt serves all its choices.
        grammar: input.grammar,
        promptLogprobs: j === 0 || echoLogprobs !== null ? scorePrompt : null,
      }),
    );
  });

  return {
    id: `${input.idPrefix}-${fields.request_id ?? unique}`,
    created: Math.floor(Date.now() / 1000),
    model: model.names[0],
    fingerprint: input.fingerprint,
    text: model.text,
    prompts,
    n,
    requests,
    stream: stream
      ? {
          includeUsage: fields.stream_options?.include_usage ?? false,
          continuousUsage: fields.stream_options?.continuous_usage_stats ?? false,
        }
      : null,
    logprobs: input.logprobs,
    promptLogprobs,
    echo: input.echo,
    returnTokenIds: fields.return_token_ids ?? false,
    tokensAsIds: fields.return_tokens_as_token_ids ?? false,
    skipSpecialTokens,
    answer: input.answer,
  };
}
