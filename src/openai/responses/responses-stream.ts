import type { FinishEvent, GenerationEvent, StartEvent } from '../../engine/engine.ts';
import { type ApiError, invariant } from '../../errors.ts';
import { ReasoningTokens } from '../reasoning-tokens.ts';
import { namedFrame, type StreamRenderer } from '../stream-renderer.ts';
import { OutputWriter } from './output-writer.ts';
import type { ResponsesPlan } from './parse-responses.ts';
import type { ErrorEvent, LifecycleEvent, ResponseEvent } from './response-event.ts';
import type { ResponseProgress } from './response-object.ts';
import { endedResponse } from './responses-answer.ts';

const IN_PROGRESS: ResponseProgress = {
  status: 'in_progress',
  completed_at: null,
  error: null,
  incomplete_details: null,
  output: [],
  usage: null,
};

/**
 * OpenAI's events of a response: created, in_progress, those of the output items, then completed, incomplete or failed.
 * There is no end mark. A failure is told twice, by `error`, which makes SDKs throw, and by `response.failed`.
 */
export class ResponsesStreamRenderer implements StreamRenderer {
  readonly #plan: ResponsesPlan;
  readonly #writer: OutputWriter;
  readonly #reasoning: ReasoningTokens;
  #start: StartEvent | undefined;
  #finish: FinishEvent | undefined;
  #sequenceNumber = 0;

  constructor(plan: ResponsesPlan) {
    this.#plan = plan;
    this.#writer = new OutputWriter(plan);
    this.#reasoning = new ReasoningTokens(plan.text, plan.answer.reasoning);
  }

  open(): string {
    return this.#lifecycle('response.created', IN_PROGRESS) + this.#lifecycle('response.in_progress', IN_PROGRESS);
  }

  event(_choice: number, event: GenerationEvent): string {
    switch (event.type) {
      case 'start':
        this.#start = event;
        return '';
      case 'delta':
        this.#reasoning.push(event.tokenIds);
        return this.#frames(this.#writer.push(event.text, event.logprobs));
      case 'finish':
        this.#finish = event;
        return this.#frames(this.#writer.end(event.reason === 'length'));
    }
  }

  close(): string {
    invariant(this.#start !== undefined && this.#finish !== undefined, 'a stream closed before its generation ended');
    const generation = { start: this.#start, finish: this.#finish, numReasoningTokens: this.#reasoning.count };
    const response = endedResponse(this.#plan, this.#writer.output, generation);
    return this.#frame({
      type: response.status === 'incomplete' ? 'response.incomplete' : 'response.completed',
      response,
    });
  }

  fail({ status, type, code, message, param }: ApiError): string {
    const event: ErrorEvent = { type: 'error', code, message, param, error: { type, code, message, param } };
    const reason = status === 429 ? 'rate_limit_exceeded' : 'server_error';
    const failed: ResponseProgress = {
      ...IN_PROGRESS,
      status: 'failed',
      error: { code: reason, message },
      output: this.#writer.output,
    };
    return this.#frame(event) + this.#lifecycle('response.failed', failed);
  }

  #lifecycle(type: LifecycleEvent['type'], progress: ResponseProgress): string {
    return this.#frame({ type, response: { ...this.#plan.settings, ...progress } });
  }

  #frames(events: readonly ResponseEvent[]): string {
    return events.map((event) => this.#frame(event)).join('');
  }

  #frame(event: ResponseEvent): string {
    return namedFrame({ ...event, sequence_number: this.#sequenceNumber++ });
  }
}
