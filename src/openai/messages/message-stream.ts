import type { DeltaEvent, FinishEvent, GenerationEvent, StartEvent } from '../../engine/engine.ts';
import { type ApiError, invariant } from '../../errors.ts';
import { type AnswerPart, type AnswerReader, openAnswer } from '../answer-reader.ts';
import { ReasoningTokens } from '../reasoning-tokens.ts';
import { namedFrame, type StreamRenderer } from '../stream-renderer.ts';
import { messageErrorBody } from './message-error.ts';
import { message, messageEnd, messageUsage, NOT_ENDED, toolUseId } from './message-parts.ts';
import type { MessagesPlan } from './parse-messages.ts';

interface Payload {
  readonly type: string;
  readonly [member: string]: unknown;
}

interface Block extends Payload {
  readonly type: 'thinking' | 'text' | 'tool_use';
}

/**
 * Anthropic's events: message_start, for each block content_block_start, its deltas and content_block_stop, then
 * message_delta and message_stop. message_start waits for the prompt to be computed, because clients read there what
 * came from the cache.
 */
export class MessageStreamRenderer implements StreamRenderer {
  readonly #plan: MessagesPlan;
  readonly #reader: AnswerReader;
  readonly #thinking: ReasoningTokens;
  #start: StartEvent | undefined;
  #open: Block['type'] | null = null;
  #index = -1;
  #hasCalls = false;

  constructor(plan: MessagesPlan) {
    this.#plan = plan;
    this.#reader = openAnswer(plan.answer);
    this.#thinking = new ReasoningTokens(plan.text, plan.answer.reasoning);
  }

  open(): string {
    return '';
  }

  event(_choice: number, event: GenerationEvent): string {
    switch (event.type) {
      case 'start':
        return this.#begin(event);
      case 'delta':
        return this.#delta(event);
      case 'finish':
        return this.#finish(event);
    }
  }

  close(): string {
    return namedFrame({ type: 'message_stop' });
  }

  fail(error: ApiError): string {
    return namedFrame({ ...messageErrorBody(error) });
  }

  #begin(start: StartEvent): string {
    this.#start = start;
    return namedFrame({
      type: 'message_start',
      message: message(this.#plan, [], NOT_ENDED, this.#usage(start, 0)),
    });
  }

  #delta(event: DeltaEvent): string {
    this.#thinking.push(event.tokenIds);
    return this.#parts(this.#reader.push(event.text));
  }

  #finish(finish: FinishEvent): string {
    invariant(this.#start !== undefined, 'a generation finished before it started');
    const rest = this.#parts(this.#reader.end()) + this.#closeBlock();
    const end = messageEnd(this.#plan, finish, this.#hasCalls);
    const usage = this.#usage(this.#start, finish.numCompletionTokens);
    return rest + namedFrame({ type: 'message_delta', delta: end, usage });
  }

  #usage(start: StartEvent, outputTokens: number): object {
    return messageUsage(start, outputTokens, this.#plan.answer.reasoning === null ? null : this.#thinking.count);
  }

  #parts(parts: readonly AnswerPart[]): string {
    return parts.map((part) => this.#part(part)).join('');
  }

  #part(part: AnswerPart): string {
    switch (part.type) {
      case 'toolCall': {
        this.#hasCalls = true;
        const caller = { type: 'direct' };
        return this.#openBlock({ type: 'tool_use', id: toolUseId(part.id), name: part.name, input: {}, caller });
      }
      case 'toolArguments':
        return this.#blockDelta({ type: 'input_json_delta', partial_json: part.text });
      case 'reasoning':
        return (
          this.#continueWith(part.text, { type: 'thinking', thinking: '', signature: '' }) +
          this.#blockDelta({ type: 'thinking_delta', thinking: part.text })
        );
      case 'text':
        return (
          this.#continueWith(part.text, { type: 'text', text: '', citations: null }) +
          this.#blockDelta({ type: 'text_delta', text: part.text })
        );
    }
  }

  /** Opens the block unless one of its kind is open; text that is empty opens none. */
  #continueWith(text: string, block: Block): string {
    return this.#open === block.type || text === '' ? '' : this.#openBlock(block);
  }

  #openBlock(block: Block): string {
    const closed = this.#closeBlock();
    this.#open = block.type;
    this.#index++;
    const opened = namedFrame({ type: 'content_block_start', index: this.#index, content_block: block });
    // Anthropic's own streams have a ping here; its SDKs skip it.
    return closed + opened + (this.#index === 0 ? namedFrame({ type: 'ping' }) : '');
  }

  #blockDelta(delta: { readonly type: string; readonly [text: string]: string }): string {
    if (Object.values(delta).includes('')) return '';
    return namedFrame({ type: 'content_block_delta', index: this.#index, delta });
  }

  #closeBlock(): string {
    if (this.#open === null) return '';
    const index = this.#index;
    const signature = { type: 'content_block_delta', index, delta: { type: 'signature_delta', signature: '' } };
    const before = this.#open === 'thinking' ? namedFrame(signature) : '';
    this.#open = null;
    return before + namedFrame({ type: 'content_block_stop', index });
  }
}
