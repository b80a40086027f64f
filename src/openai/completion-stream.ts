import type { DeltaEvent, GenerationEvent, StartEvent } from '../engine/engine.ts';
import type { ApiError } from '../errors.ts';
import { invariant } from '../errors.ts';
import { chunkHead } from './chunk-head.ts';
import { CompletionLogprobsBuilder } from './completion-logprobs.ts';
import type { GenerationPlan } from './generation-plan.ts';
import { DONE_FRAME, failFrames, type StreamRenderer } from './stream-renderer.ts';
import { UsageTally } from './usage.ts';

/** State of one choice of the stream. */
interface ChoiceState {
  readonly logprobs: CompletionLogprobsBuilder;
  /** Goes out with the choice's first chunk (vLLM's return_token_ids), then ''. */
  promptIds: string;
}

/** `text_completion` frames: an echo chunk per choice where asked for, text, a chunk with finish_reason per choice, usage. */
export class CompletionStreamRenderer implements StreamRenderer {
  readonly #plan: GenerationPlan;
  readonly #tally: UsageTally;
  readonly #head: string;
  readonly #choices: readonly ChoiceState[];
  readonly #isPlain: boolean;

  constructor(plan: GenerationPlan) {
    this.#plan = plan;
    this.#tally = new UsageTally(plan);
    this.#head = `data: ${chunkHead(plan, 'text_completion')}`;
    this.#isPlain = plan.logprobs === null && !plan.returnTokenIds;
    this.#choices = plan.requests.map((request) => ({
      logprobs: new CompletionLogprobsBuilder(plan),
      promptIds: plan.returnTokenIds ? `,"prompt_token_ids":${JSON.stringify(request.promptTokenIds)}` : '',
    }));
  }

  open(): string {
    return '';
  }

  event(choice: number, event: GenerationEvent): string {
    if (event.type === 'delta') return this.#delta(choice, event);
    if (event.type === 'start') {
      this.#tally.start(choice, event);
      return this.#plan.echo ? this.#echo(choice, event) : '';
    }
    this.#tally.finish(choice, event);
    const end = `"finish_reason":"${event.reason}","stop_reason":${JSON.stringify(event.stopReason)}`;
    return this.#chunk(choice, '""', 'null', end, []);
  }

  fail(error: ApiError): string {
    return failFrames(error);
  }

  close(): string {
    if (!this.#plan.stream?.includeUsage) return DONE_FRAME;
    return `${this.#head}"choices":[],"usage":${JSON.stringify(this.#tally.toUsage())}}\n\n${DONE_FRAME}`;
  }

  #echo(choice: number, event: StartEvent): string {
    const prompt = this.#plan.prompts[Math.floor(choice / this.#plan.n)];
    invariant(prompt !== undefined, 'more choices than prompts times n');
    const logprobs =
      this.#plan.logprobs === null
        ? null
        : this.#choice(choice).logprobs.echo(prompt.tokenIds, event.promptLogprobs ?? [], prompt.text);
    return this.#chunk(choice, JSON.stringify(prompt.text), JSON.stringify(logprobs), '"finish_reason":null', []);
  }

  #delta(choice: number, event: DeltaEvent): string {
    this.#tally.add(choice, event.tokenIds.length);
    if (this.#isPlain) {
      // A token that completes no character, or may begin a stop string, has nothing to show yet.
      if (event.text === '') return '';
      return this.#chunk(choice, JSON.stringify(event.text), 'null', '"finish_reason":null', event.tokenIds);
    }
    const logprobs =
      event.logprobs === null ? null : this.#choice(choice).logprobs.output(event.tokenIds, event.logprobs);
    return this.#chunk(
      choice,
      JSON.stringify(event.text),
      JSON.stringify(logprobs),
      '"finish_reason":null',
      event.tokenIds,
    );
  }

  #chunk(choice: number, text: string, logprobs: string, end: string, tokenIds: readonly number[]): string {
    let ids = '';
    if (this.#plan.returnTokenIds) {
      const state = this.#choice(choice);
      ids = `${state.promptIds},"token_ids":${JSON.stringify(tokenIds)}`;
      state.promptIds = '';
    }
    return `${this.#head}"choices":[{"index":${choice},"text":${text},"logprobs":${logprobs},${end}${ids}}]${this.#usage()}}\n\n`;
  }

  #choice(choice: number): ChoiceState {
    const state = this.#choices[choice];
    invariant(state !== undefined, `no choice ${choice}`);
    return state;
  }

  /** The usage member of all chunks but the last: OpenAI's null, or vLLM's running count. */
  #usage(): string {
    const stream = this.#plan.stream;
    if (!stream?.includeUsage) return '';
    return stream.continuousUsage ? `,"usage":${JSON.stringify(this.#tally.toUsage())}` : ',"usage":null';
  }
}
