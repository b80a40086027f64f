import type { FinishEvent, StartEvent } from '../engine/engine.ts';
import type { GenerationPlan } from './generation-plan.ts';

/** OpenAI's `usage`. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly total_tokens: number;
  readonly completion_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
  readonly completion_tokens_details: { readonly reasoning_tokens: number };
}

/**
 * Token counts of a request while its choices run. A prompt counts once however many choices it has; its cached
 * tokens are those of its first choice, because the others find what the first has just computed.
 */
export class UsageTally {
  readonly #n: number;
  readonly #promptTokens: number;
  readonly #completionTokens: number[];
  #cachedTokens = 0;

  constructor(plan: Pick<GenerationPlan, 'prompts' | 'n'>) {
    this.#n = plan.n;
    this.#promptTokens = plan.prompts.reduce((sum, prompt) => sum + prompt.tokenIds.length, 0);
    this.#completionTokens = new Array<number>(plan.prompts.length * plan.n).fill(0);
  }

  start(choice: number, event: StartEvent): void {
    if (choice % this.#n === 0) this.#cachedTokens += event.numCachedTokens;
  }

  add(choice: number, tokens: number): void {
    this.#completionTokens[choice] = (this.#completionTokens[choice] ?? 0) + tokens;
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
      completion_tokens_details: { reasoning_tokens: 0 },
    };
  }
}
