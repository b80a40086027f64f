import { invariant } from '../../errors.ts';
import type { TokenLogprobs } from '../../sampling/sampling-params.ts';
import { type AnswerPart, type AnswerReader, openAnswer } from '../answer-reader.ts';
import { chatLogprobs } from '../chat-logprobs.ts';
import type { GenerationPlan } from '../generation-plan.ts';
import { type OpenItem, openItem, toOutputItem, toPart } from './open-item.ts';
import type { OutputEvent } from './response-event.ts';
import type { ItemStatus, OutputItem } from './response-object.ts';
import { shownTokens } from './token-pieces.ts';
import { WaitingLogprobs } from './waiting-logprobs.ts';

/**
 * Writes the text of an answer into output items, one after another, and tells what happens to them in the order of
 * OpenAI's streams: an item is added, its part is added, deltas, and the ends in reverse. An answer without any text is
 * a message without text.
 */
export class OutputWriter {
  readonly #plan: GenerationPlan;
  readonly #reader: AnswerReader;
  readonly #waiting: WaitingLogprobs;
  /** The end token, for one, is no part of the text. */
  readonly #isShown: (tokenId: number) => boolean;
  readonly #items: OutputItem[] = [];
  #open: OpenItem | null = null;

  constructor(plan: GenerationPlan) {
    this.#plan = plan;
    this.#reader = openAnswer(plan.answer);
    this.#waiting = new WaitingLogprobs(plan.text);
    this.#isShown = shownTokens(plan);
  }

  /** @param logprobs of the tokens that brought the text */
  push(text: string, logprobs: readonly TokenLogprobs[] | null): OutputEvent[] {
    if (logprobs !== null) this.#waiting.add(logprobs.filter(({ tokenId }) => this.#isShown(tokenId)));
    return this.#parts(this.#reader.push(text));
  }

  /** @param isCut the answer ended at a limit */
  end(isCut: boolean): OutputEvent[] {
    const events = this.#parts(this.#reader.end());
    if (this.#items.length === 0 && this.#open === null) events.push(...this.#begin(openItem('message')));
    if (this.#open?.type === 'message') events.push(...this.#lastLogprobs(this.#open));
    return [...events, ...this.#close(isCut ? 'incomplete' : 'completed')];
  }

  /** The items so far; one that is still being written is incomplete. */
  get output(): readonly OutputItem[] {
    return this.#open === null ? this.#items : [...this.#items, toOutputItem(this.#open, 'incomplete')];
  }

  #parts(parts: readonly AnswerPart[]): OutputEvent[] {
    return parts.flatMap((part, index) => this.#part(part, index === parts.length - 1));
  }

  #part(part: AnswerPart, isLast: boolean): OutputEvent[] {
    switch (part.type) {
      case 'text':
        return part.text === '' ? [] : [...this.#continue('message'), this.#textDelta(part.text, isLast)];
      case 'reasoning':
        this.#waiting.clear();
        return part.text === '' ? [] : [...this.#continue('reasoning'), this.#delta('reasoning_text', part.text)];
      case 'toolCall':
        this.#waiting.clear();
        return [
          ...this.#close('completed'),
          ...this.#begin(openItem('function_call', { id: part.id, name: part.name })),
        ];
      case 'toolArguments':
        this.#waiting.clear();
        return part.text === '' ? [] : [this.#delta('function_call_arguments', part.text)];
    }
  }

  /** Begins an item of this type unless one is being written. */
  #continue(type: 'message' | 'reasoning'): OutputEvent[] {
    return this.#open?.type === type ? [] : [...this.#close('completed'), ...this.#begin(openItem(type))];
  }

  #begin(item: OpenItem): OutputEvent[] {
    this.#open = item;
    const output_index = this.#items.length;
    const added = {
      type: 'response.output_item.added',
      output_index,
      item: toOutputItem(item, 'in_progress'),
    } as const;
    if (item.call !== null) return [added];
    return [added, { type: 'response.content_part.added', ...this.#place(item), content_index: 0, part: toPart(item) }];
  }

  #textDelta(delta: string, isLast: boolean): OutputEvent {
    const item = this.#written();
    item.text += delta;
    const { hasTools, reasoning } = this.#plan.answer;
    const isPlain = !hasTools && reasoning === null;
    const logprobs = this.#addLogprobs(item, isPlain ? this.#waiting.takeAll() : this.#waiting.take(delta, isLast));
    return { type: 'response.output_text.delta', ...this.#place(item), content_index: 0, delta, logprobs };
  }

  /** Of tokens that brought no text after the last delta, as those of a stop string: a delta of no text shows them. */
  #lastLogprobs(item: OpenItem): OutputEvent[] {
    const logprobs = this.#addLogprobs(item, this.#waiting.takeAll());
    if (logprobs.length === 0) return [];
    return [{ type: 'response.output_text.delta', ...this.#place(item), content_index: 0, delta: '', logprobs }];
  }

  #delta(kind: 'reasoning_text' | 'function_call_arguments', delta: string): OutputEvent {
    const item = this.#written();
    item.text += delta;
    if (kind === 'function_call_arguments') {
      return { type: 'response.function_call_arguments.delta', ...this.#place(item), delta };
    }
    return { type: 'response.reasoning_text.delta', ...this.#place(item), content_index: 0, delta };
  }

  #close(status: ItemStatus): OutputEvent[] {
    const item = this.#open;
    if (item === null) return [];
    const place = this.#place(item);
    const finished = toOutputItem(item, status);
    const done = { type: 'response.output_item.done', output_index: place.output_index, item: finished } as const;
    this.#items.push(finished);
    this.#open = null;
    const { text } = item;
    if (item.call !== null) {
      const { name } = item.call;
      return [{ type: 'response.function_call_arguments.done', ...place, name, arguments: text }, done];
    }
    const part = { type: 'response.content_part.done', ...place, content_index: 0, part: toPart(item) } as const;
    const textDone: OutputEvent =
      item.type === 'reasoning'
        ? { type: 'response.reasoning_text.done', ...place, content_index: 0, text }
        : { type: 'response.output_text.done', ...place, content_index: 0, text, logprobs: [...item.logprobs] };
    return [textDone, part, done];
  }

  #addLogprobs(item: OpenItem, entries: readonly TokenLogprobs[]): OpenItem['logprobs'] {
    if (entries.length === 0) return [];
    const { content } = chatLogprobs(this.#plan, entries);
    item.logprobs.push(...content);
    return content;
  }

  #written(): OpenItem {
    invariant(this.#open !== null, 'text without an item that it belongs to');
    return this.#open;
  }

  #place(item: OpenItem): { item_id: string; output_index: number } {
    return { item_id: item.id, output_index: this.#items.length };
  }
}
