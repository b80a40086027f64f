import type { DeltaEvent, GenerationEvent } from '../engine/engine.ts';
import type { ApiError } from '../errors.ts';
import { chatLogprobs } from './chat-logprobs.ts';
import { chunkHead } from './chunk-head.ts';
import type { GenerationPlan } from './generation-plan.ts';
import { DONE_FRAME, failFrames, type StreamRenderer } from './stream-renderer.ts';
import { UsageTally } from './usage.ts';

/**
 * `chat.completion.chunk` frames in OpenAI's order: a role chunk per choice, content, a chunk with finish_reason per choice,
 * the usage chunk. The constant parts are laid out once; a plain content chunk stringifies nothing but its text.
 */
export class ChatStreamRenderer implements StreamRenderer {
  readonly #plan: GenerationPlan;
  readonly #tally: UsageTally;
  readonly #head: string;
  /** Per choice: the frame of a plain content chunk up to the text. */
  readonly #contentHeads: readonly string[];
  readonly #isPlain: boolean;

  constructor(plan: GenerationPlan) {
    this.#plan = plan;
    this.#tally = new UsageTally(plan);
    this.#head = `data: ${chunkHead(plan, 'chat.completion.chunk')}`;
    this.#contentHeads = plan.requests.map((_, i) => `${this.#head}"choices":[{"index":${i},"delta":{"content":`);
    this.#isPlain = plan.logprobs === null && !plan.returnTokenIds;
  }

  open(): string {
    const { returnTokenIds, prompts, requests } = this.#plan;
    const prompt = returnTokenIds ? `,"prompt_token_ids":${JSON.stringify(prompts[0]?.tokenIds ?? [])}` : '';
    const tail = `,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]${prompt}${this.#usage()}}\n\n`;
    return requests.map((_, i) => `${this.#head}"choices":[{"index":${i}${tail}`).join('');
  }

  event(choice: number, event: GenerationEvent): string {
    if (event.type === 'delta') return this.#delta(choice, event);
    if (event.type === 'start') {
      this.#tally.start(choice, event);
      return '';
    }
    this.#tally.finish(choice, event);
    const stopReason = JSON.stringify(event.stopReason);
    const ids = this.#plan.returnTokenIds ? ',"token_ids":[]' : '';
    return `${this.#head}"choices":[{"index":${choice},"delta":{},"logprobs":null,"finish_reason":"${event.reason}","stop_reason":${stopReason}${ids}}]${this.#usage()}}\n\n`;
  }

  fail(error: ApiError): string {
    return failFrames(error);
  }

  close(): string {
    if (!this.#plan.stream?.includeUsage) return DONE_FRAME;
    return `${this.#head}"choices":[],"usage":${JSON.stringify(this.#tally.toUsage())}}\n\n${DONE_FRAME}`;
  }

  #delta(choice: number, event: DeltaEvent): string {
    this.#tally.add(choice, event.tokenIds.length);
    const head = this.#contentHeads[choice];
    if (this.#isPlain) {
      // A token that completes no character, or may begin a stop string, has nothing to show yet.
      if (event.text === '') return '';
      return `${head}${JSON.stringify(event.text)}},"logprobs":null,"finish_reason":null}]${this.#usage()}}\n\n`;
    }
    const logprobs = event.logprobs === null ? null : chatLogprobs(this.#plan, event.logprobs);
    const ids = this.#plan.returnTokenIds ? `,"token_ids":${JSON.stringify(event.tokenIds)}` : '';
    return `${head}${JSON.stringify(event.text)}},"logprobs":${JSON.stringify(logprobs)},"finish_reason":null${ids}}]${this.#usage()}}\n\n`;
  }

  /** The usage member of all chunks but the last: OpenAI's null, or vLLM's running count. */
  #usage(): string {
    const stream = this.#plan.stream;
    if (!stream?.includeUsage) return '';
    return stream.continuousUsage ? `,"usage":${JSON.stringify(this.#tally.toUsage())}` : ',"usage":null';
  }
}
