import type { GenerateRequest } from '../engine/generate-request.ts';
import { invariant } from '../errors.ts';
import type { GenerationPlan } from './generation-plan.ts';

/** vLLM's answer of POST …/render: one prompt as it would run. */
export interface RenderedRequest {
  readonly request_id: string;
  readonly model: string;
  readonly token_ids: readonly number[];
  /** The same as text, special tokens included. */
  readonly prompt_text: string;
  /** After the defaults of the model; `max_tokens` is cut to the room in the context. */
  readonly sampling_params: object;
  readonly stream: boolean;
  readonly cache_salt: string | null;
  readonly priority: number;
}

/** The one prompt of a chat plan. */
export function renderChat(plan: GenerationPlan): RenderedRequest {
  return renderPrompt(plan, 0, plan.id);
}

/** The prompts of a completion plan, in order. */
export function renderCompletion(plan: GenerationPlan): RenderedRequest[] {
  return plan.prompts.map((_, index) => renderPrompt(plan, index, `${plan.id}-${index}`));
}

/** llama.cpp's count of the tokens that a conversation takes. */
export function countInputTokens(plan: GenerationPlan): { input_tokens: number } {
  return { input_tokens: plan.prompts[0]?.tokenIds.length ?? 0 };
}

function renderPrompt(plan: GenerationPlan, index: number, id: string): RenderedRequest {
  // Requests are prompt-major, with as many per prompt as are generated for it.
  const request = plan.requests[(index * plan.requests.length) / plan.prompts.length];
  invariant(request !== undefined, `no request for prompt ${index}`);
  return {
    request_id: id,
    model: plan.model,
    token_ids: request.promptTokenIds,
    prompt_text: plan.text.decode(request.promptTokenIds, { skipSpecialTokens: false }),
    sampling_params: samplingParams(plan, request),
    stream: plan.stream !== null,
    cache_salt: request.cacheSalt,
    priority: request.priority,
  };
}

function samplingParams(plan: GenerationPlan, request: GenerateRequest): object {
  const { sampling } = request;
  return {
    n: plan.n,
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    min_p: sampling.minP,
    repetition_penalty: sampling.repetitionPenalty,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    seed: sampling.seed,
    max_tokens: request.maxTokens,
    min_tokens: sampling.minTokens,
    stop: request.stop,
    stop_token_ids: sampling.stopTokenIds,
    include_stop_str_in_output: request.includeStopStrInOutput,
    ignore_eos: sampling.ignoreEos,
    skip_special_tokens: request.skipSpecialTokens,
    logprobs: sampling.logprobs,
    prompt_logprobs: plan.promptLogprobs,
  };
}
