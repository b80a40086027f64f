import type { FinishEvent, StartEvent } from '../engine/engine.ts';
import type { GenerationPlan } from './generation-plan.ts';
import { ReasoningTokens } from './reasoning-tokens.ts';

/** OpenAI's `usage`, with DeepSeek's members. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly total_tokens: number;
  readonly completion_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
  readonly completion_tokens_details: { readonly reasoning_tokens: number };
  /** DeepSeek's names: the cached tokens of the prompt, and the others. */
  readonly prompt_cache_hit_tokens: number;
  readonly prompt_cache_miss_tokens: number;
}

/**
 * Token counts of a request while its choices run. A prompt counts once however many choices it has; its cached
 * tokens are those of its first choice, because the others find what the first has just computed.
 */
export class UsageTally {
  readonly #n: number;
  readonly #promptTokens: number;
  readonly #completionTokens: number[];
  /** Per choice; empty where reasoning is not set apart. */
  readonly #reasoning: readonly ReasoningTokens[];
  #cachedTokens = 0;

  constructor(plan: Pick<GenerationPlan, 'prompts' | 'n' | 'answer' | 'text'>) {
    this.#n = plan.n;
    this.#promptTokens = plan.prompts.reduce((sum, prompt) => sum + prompt.tokenIds.length, 0);
    this.#completionTokens = new Array<number>(plan.prompts.length * plan.n).fill(0);
    const { reasoning } = plan.answer;
    this.#reasoning =
      reasoning === null ? [] : this.#completionTokens.map(() => new ReasoningTokens(plan.text, reasoning));
  }

  start(choice: number, event: StartEvent): void {
    if (choice % this.#n === 0) this.#cachedTokens += event.numCachedTokens;
  }

  add(choice: number, tokens: number): void {
    this.#completionTokens[choice] = (this.#completionTokens[choice] ?? 0) + tokens;
  }

  /** Looks for reasoning in the tokens of an answer, in order. */
  read(choice: number, tokenIds: readonly number[]): void {
    this.#reasoning[choice]?.push(tokenIds);
  }

  finish(choice: number, event: FinishEvent): void {
    this.#completionTokens[choice] = event.numCompletionTokens;
  }

  toUsage(): Usage {
    const completionTokens = this.#completionTokens.reduce((sum, tokens) => sum + tokens, 0);
    return {
      prompt_tokens: this.#promptTokens,
      total_tokens: this.#promptTokens + completionTokens,
      completion_tokens: completionTokens,
      prompt_tokens_details: { cached_tokens: this.#cachedTokens },
      completion_tokens_details: { reasoning_tokens: this.#reasoning.reduce((sum, { count }) => sum + count, 0) },
      prompt_cache_hit_tokens: this.#cachedTokens,
      prompt_cache_miss_tokens: this.#promptTokens - this.#cachedTokens,
    };
  }
}
