import { randomUUID } from 'node:crypto';
import { toGenerateRequest } from '../engine/generate-request.ts';
import { invalidRequest } from '../errors.ts';
import type { GrammarHandle } from '../grammar/grammar-spec.ts';
import type { AnswerStyle } from './answer-reader.ts';
import { encodeBadWords } from './bad-words.ts';
import { beamPlan } from './beam-plan.ts';
import { choiceSeed } from './choice-seed.ts';
import type { GenerationPlan, PlannedPrompt } from './generation-plan.ts';
import { resolveSampling } from './resolve-sampling.ts';
import type { GenerationFields } from './sampling-schema.ts';
import type { ServedModel } from './served-model.ts';
import { shownSpecialTokens } from './shown-tokens.ts';
import { streamPlan } from './stream-options.ts';

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
  /** Outputs to generate per prompt, of which `fields.n` are answered; absent: just those. */
  readonly bestOf?: number | null;
}

function checkMinTokens(minTokens: number | null | undefined, maxTokens: number | null): void {
  if (minTokens == null || maxTokens === null || minTokens <= maxTokens) return;
  throw invalidRequest('min_tokens', `Invalid 'min_tokens': must not be greater than max_tokens (${maxTokens}).`);
}

function checkBeamWidth(width: number, bestOf: number, numContinuations: number): void {
  if (bestOf !== width) throw invalidRequest('best_of', "Invalid 'best_of': must equal n with use_beam_search.");
  if (width > numContinuations) {
    throw invalidRequest('n', `Invalid 'n': must be at most ${numContinuations} with use_beam_search.`);
  }
}

/** Alternatives that the answer shows per output token: as many as asked for, or one for each token of logprob_token_ids. */
function countLogprobs(fields: GenerationFields, logprobs: number | null): number | null {
  const numListed = fields.logprob_token_ids?.length ?? 0;
  if (numListed === 0) return logprobs;
  if (logprobs === null) throw invalidRequest('logprob_token_ids', "Invalid 'logprob_token_ids': needs logprobs.");
  return numListed;
}

/**
 * The engine's requests and the rendering options of a checked body.
 * @throws ApiError 400 for fields that contradict each other or the vocabulary, 503 while the engine loads
 */
export async function buildPlan(input: PlanInput): Promise<GenerationPlan> {
  const { fields, model, prompts } = input;
  const stream = streamPlan(fields);
  checkMinTokens(fields.min_tokens, input.maxTokens);
  const { maxModelLen, vocabSize, eosTokenIds } = model.engine.limits;
  const numAnswered = fields.n ?? 1;
  const n = input.bestOf ?? numAnswered;
  const beam = beamPlan(fields, input.maxTokens, input.grammar !== null);
  if (beam !== null) checkBeamWidth(numAnswered, n, vocabSize - eosTokenIds.length);
  const logprobs = countLogprobs(fields, input.logprobs);
  const badWords = await encodeBadWords(fields.bad_words ?? [], model.text);
  const promptLogprobs = fields.prompt_logprobs ?? null;
  const echoLogprobs = input.echo ? input.logprobs : null;
  const scorePrompt =
    promptLogprobs === null && echoLogprobs === null ? null : Math.max(promptLogprobs ?? 0, echoLogprobs ?? 0);
  const skipSpecialTokens = fields.skip_special_tokens ?? true;
  const shownSpecialTokenIds = shownSpecialTokens(input.answer, model.text);
  // The id on the wire may be the client's own (vLLM's request_id); the engine's must be unique.
  const unique = randomUUID().replaceAll('-', '');

  const requests = prompts.flatMap((prompt, p) => {
    const room = maxModelLen - prompt.tokenIds.length;
    const maxTokens = Math.min(input.maxTokens ?? room, room);
    const sampling = resolveSampling(fields, model.generationDefaults, {
      vocabSize,
      maxTokens,
      // The best of several are chosen by their log-probabilities, also where the answer shows none.
      logprobs: n > numAnswered ? (input.logprobs ?? 0) : input.logprobs,
      badWords,
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
        shownSpecialTokenIds,
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
    stream,
    beam,
    numBest: n > numAnswered ? numAnswered : null,
    logprobs,
    promptLogprobs,
    echo: input.echo,
    promptText: null,
    returnTokenIds: fields.return_token_ids ?? false,
    tokensAsIds: fields.return_tokens_as_token_ids ?? false,
    skipSpecialTokens,
    timings: fields.timings_per_token ? 'chunks' : fields.timings ? 'end' : null,
    answer: input.answer,
  };
}
