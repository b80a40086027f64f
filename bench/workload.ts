import { uniformAt } from '../src/sampling/random.ts';
import type { StreamRequest } from './streaming-client.ts';

export type Endpoint = 'chat' | 'completions';

export interface WorkloadOptions {
  readonly endpoint: Endpoint;
  readonly model: string;
  /** Token ids of prompts are drawn below this. */
  readonly vocabSize: number;
  readonly seed: number;
}

export interface RequestShape {
  readonly promptTokens: number;
  readonly maxTokens: number;
  readonly abortAfter?: number;
}

const WORDS = 'river stone light garden paper seven quiet morning window silver bread road winter blue song'.split(' ');

/**
 * Makes greedy requests with random prompts, so that no two share a prefix. On /v1/completions the prompt is token ids
 * and end tokens are ignored: both lengths are exact. On chat the prompt is about as many common words.
 */
export class Workload {
  readonly #options: WorkloadOptions;
  #numDrawn = 0;

  constructor(options: WorkloadOptions) {
    this.#options = options;
  }

  /** The next number in [0, 1) of the workload's generator. */
  uniform(): number {
    return uniformAt(this.#options.seed, this.#numDrawn++);
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low + 1));
  }

  next(shape: RequestShape): StreamRequest {
    const { endpoint, model } = this.#options;
    const common = {
      model,
      max_tokens: shape.maxTokens,
      temperature: 0,
      ignore_eos: true,
      stream: true,
      stream_options: { include_usage: true },
    };
    const input =
      endpoint === 'completions'
        ? { prompt: this.#draw(shape.promptTokens, () => this.integer(0, this.#options.vocabSize - 1)) }
        : { messages: [{ role: 'user', content: this.#words(shape.promptTokens) }] };
    return {
      path: endpoint === 'completions' ? '/v1/completions' : '/v1/chat/completions',
      body: JSON.stringify({ ...common, ...input }),
      expectedTokens: shape.maxTokens,
      abortAfter: shape.abortAfter ?? null,
    };
  }

  #words(count: number): string {
    return this.#draw(count, () => WORDS[this.integer(0, WORDS.length - 1)]).join(' ');
  }

  #draw<T>(count: number, one: () => T): T[] {
    return Array.from({ length: count }, one);
  }
}
