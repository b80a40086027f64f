import type { GrammarHandle } from '../grammar/grammar-spec.ts';
import type { SamplingParams } from '../sampling/sampling-params.ts';

declare const validated: unique symbol;

/**
 * What the engine accepts: one prompt, one output. Only `openai/parse` makes one (the brand), so nothing unchecked
 * reaches the scheduler. A wire request with several prompts or n > 1 becomes several of these.
 */
export interface GenerateRequest {
  readonly [validated]: true;
  /** Unique in the process; shown in logs. */
  readonly id: string;
  /** 1 to maxModelLen - 1 ids, each below the tokenizer's size. */
  readonly promptTokenIds: readonly number[];
  readonly sampling: SamplingParams;
  /** At least 0 (0 only scores the prompt), already clamped to the room left in the context. */
  readonly maxTokens: number;
  /** Strings that end the output; matched on text, may span tokens. */
  readonly stop: readonly string[];
  readonly includeStopStrInOutput: boolean;
  /** Leave special tokens out of the text. */
  readonly skipSpecialTokens: boolean;
  /** Special tokens that stay in the text all the same: the marks that answers are taken apart by. */
  readonly shownSpecialTokenIds?: readonly number[];
  /** Chat templates end in "Assistant:", so the model's first token carries a space that is not part of the answer. */
  readonly stripLeadingSpace: boolean;
  /** Lower runs first (vLLM's `priority`). */
  readonly priority: number;
  /** Requests share cached blocks only with the same salt; null = the common pool. */
  readonly cacheSalt: string | null;
  /** Log-probabilities of the prompt's tokens: null = none, n = each token and the n likeliest. Disables prefix reuse for this request. */
  readonly promptLogprobs: number | null;
  /** What the output must match (after the leading space that `stripLeadingSpace` drops); null = anything. */
  readonly grammar: GrammarHandle | null;
}

/** Fields of a {@link GenerateRequest} without its brand. */
export type GenerateRequestFields = Omit<GenerateRequest, typeof validated>;

/** Brands checked fields; called by the validating parser only. */
export function toGenerateRequest(fields: GenerateRequestFields): GenerateRequest {
  return Object.freeze({ ...fields }) as GenerateRequest;
}
