import type { DeltaEvent, GenerationEvent } from '../engine/engine.ts';
import type { ApiError } from '../errors.ts';
import type { StreamRenderer } from './stream-renderer.ts';

/** vLLM's stream_interval: tokens of a choice go out together, so many at a time; the first token and the end never wait. */
export class IntervalRenderer implements StreamRenderer {
  readonly #inner: StreamRenderer;
  readonly #interval: number;
  /** Held back per choice; null: the first token has been seen and nothing is held. */
  readonly #held = new Map<number, DeltaEvent | null>();

  /** @param interval tokens per chunk, at least 1 */
  constructor(inner: StreamRenderer, interval: number) {
    this.#inner = inner;
    this.#interval = interval;
  }

  open(): string {
    return this.#inner.open();
  }

  event(choice: number, event: GenerationEvent): string {
    if (event.type === 'start') return this.#inner.event(choice, event);
    if (event.type === 'finish') return this.#release(choice) + this.#inner.event(choice, event);
    const held = this.#held.get(choice);
    if (held === undefined) {
      this.#held.set(choice, null);
      return this.#inner.event(choice, event);
    }
    const joined = held === null ? event : join(held, event);
    this.#held.set(choice, joined);
    return joined.tokenIds.length >= this.#interval ? this.#release(choice) : '';
  }

  close(): string {
    return this.#inner.close();
  }

  fail(error: ApiError): string {
    return [...this.#held.keys()].map((choice) => this.#release(choice)).join('') + this.#inner.fail(error);
  }

  #release(choice: number): string {
    const held = this.#held.get(choice) ?? null;
    if (held === null) return '';
    this.#held.set(choice, null);
    return this.#inner.event(choice, held);
  }
}

function join(a: DeltaEvent, b: DeltaEvent): DeltaEvent {
  const logprobs = a.logprobs === null && b.logprobs === null ? null : [...(a.logprobs ?? []), ...(b.logprobs ?? [])];
  return { type: 'delta', text: a.text + b.text, tokenIds: [...a.tokenIds, ...b.tokenIds], logprobs };
}
