import type { GenerationEvent, StartEvent } from '../engine/engine.ts';
import type { ApiError } from '../errors.ts';
import type { ChoiceOutcome } from './choice-outcome.ts';
import type { GenerationPlan } from './generation-plan.ts';
import type { StreamRenderer } from './stream-renderer.ts';

/** llama.cpp's `timings` of one choice, and its time in the queue. Times are in milliseconds, rates per second; 0 where nothing was measured. */
export interface Timings {
  readonly queue_ms: number;
  /** Prompt tokens from the cache. */
  readonly cache_n: number;
  /** Prompt tokens that were computed. */
  readonly prompt_n: number;
  /** From the first step to the first token. */
  readonly prompt_ms: number;
  readonly prompt_per_token_ms: number;
  readonly prompt_per_second: number;
  readonly predicted_n: number;
  /** From the first token to the last; the rates are those of the tokens after the first. */
  readonly predicted_ms: number;
  readonly predicted_per_token_ms: number;
  readonly predicted_per_second: number;
}

/** @param numTokens of the output so far */
export function timingsOf({ times, numPromptTokens, numCachedTokens }: StartEvent, numTokens: number): Timings {
  const { queueMs, prefillMs, decodeMs } = times;
  const numComputed = numPromptTokens - numCachedTokens;
  const numLater = Math.max(numTokens - 1, 0);
  return {
    queue_ms: queueMs,
    cache_n: numCachedTokens,
    prompt_n: numComputed,
    prompt_ms: prefillMs,
    prompt_per_token_ms: ratio(prefillMs, numComputed),
    prompt_per_second: ratio(numComputed * 1000, prefillMs),
    predicted_n: numTokens,
    predicted_ms: decodeMs,
    predicted_per_token_ms: ratio(decodeMs, numLater),
    predicted_per_second: ratio(numLater * 1000, decodeMs),
  };
}

function ratio(a: number, b: number): number {
  return b > 0 ? a / b : 0;
}

/** Adds the timings of the first choice to an answer where they are asked for. */
export function withTimings(response: object, plan: GenerationPlan, outcomes: readonly ChoiceOutcome[]): object {
  const [first] = outcomes;
  if (plan.timings === null || first === undefined) return response;
  return { ...response, timings: timingsOf(first.start, first.finish.numCompletionTokens) };
}

/** Adds the timings of its choice to the last chunk of each choice, or to every chunk of a token, where they are asked for. */
export function timedRenderer(renderer: StreamRenderer, plan: GenerationPlan): StreamRenderer {
  return plan.timings === null ? renderer : new TimedRenderer(renderer, plan.timings === 'chunks');
}

class TimedRenderer implements StreamRenderer {
  readonly #renderer: StreamRenderer;
  readonly #isPerChunk: boolean;
  readonly #choices = new Map<number, { readonly start: StartEvent; numTokens: number }>();

  constructor(renderer: StreamRenderer, isPerChunk: boolean) {
    this.#renderer = renderer;
    this.#isPerChunk = isPerChunk;
  }

  open(): string {
    return this.#renderer.open();
  }

  event(index: number, event: GenerationEvent): string {
    const frames = this.#renderer.event(index, event);
    if (event.type === 'start') {
      this.#choices.set(index, { start: event, numTokens: 0 });
      return frames;
    }
    const choice = this.#choices.get(index);
    if (choice === undefined) return frames;
    if (event.type === 'delta') choice.numTokens += event.tokenIds.length;
    else choice.numTokens = event.numCompletionTokens;
    if (frames === '' || (event.type === 'delta' && !this.#isPerChunk)) return frames;
    const member = `,"timings":${JSON.stringify(timingsOf(choice.start, choice.numTokens))}`;
    // JSON text has no line breaks: these only end frames.
    if (this.#isPerChunk) return frames.replaceAll('}\n\n', `${member}}\n\n`);
    return `${frames.slice(0, frames.lastIndexOf('}\n\n'))}${member}}\n\n`;
  }

  close(): string {
    return this.#renderer.close();
  }

  fail(error: ApiError): string {
    return this.#renderer.fail(error);
  }
}
