import { THINK_BEGIN, THINK_END } from '../text/reasoning.ts';
import type { AnswerPart, AnswerReader, ReasoningStyle } from './answer-reader.ts';
import { MAX_HELD_SPACE, shownLength } from './held-space.ts';

/**
 * Sets `<think>…</think>` at the beginning of an answer apart and gives the rest to the next reader. White space at the
 * edges of the reasoning, and between it and the answer, belongs to neither.
 */
export class ReasoningReader implements AnswerReader {
  readonly #isShown: boolean;
  readonly #next: AnswerReader;
  #state: 'start' | 'reasoning' | 'gap' | 'answer';
  #hasShown = false;
  #buffer = '';

  constructor({ isOpen, isShown }: ReasoningStyle, next: AnswerReader) {
    this.#state = isOpen ? 'reasoning' : 'start';
    this.#isShown = isShown;
    this.#next = next;
  }

  push(text: string): readonly AnswerPart[] {
    if (this.#state === 'answer') return this.#next.push(text);
    this.#buffer += text;
    if (this.#state === 'start' && !this.#stepStart()) return [];
    const reasoning = this.#state === 'reasoning' ? this.#stepReasoning() : [];
    return [...reasoning, ...this.#stepGap()];
  }

  end(): readonly AnswerPart[] {
    const rest = this.#buffer;
    this.#buffer = '';
    if (this.#state === 'reasoning') return [...this.#show(rest.slice(0, shownLength(rest))), ...this.#next.end()];
    return [...(this.#state === 'start' ? this.#next.push(rest) : []), ...this.#next.end()];
  }

  /** False: it cannot be told yet whether the answer begins with reasoning. */
  #stepStart(): boolean {
    const text = this.#buffer.trimStart();
    const isFar = this.#buffer.length - text.length > MAX_HELD_SPACE;
    if (text.startsWith(THINK_BEGIN) && !isFar) {
      this.#buffer = text.slice(THINK_BEGIN.length);
      this.#state = 'reasoning';
      return true;
    }
    if (THINK_BEGIN.startsWith(text) && !isFar) return false;
    this.#state = 'answer';
    return true;
  }

  #stepReasoning(): AnswerPart[] {
    const end = this.#buffer.indexOf(THINK_END);
    if (end >= 0) {
      const parts = this.#show(this.#buffer.slice(0, shownLength(this.#buffer.slice(0, end))));
      this.#buffer = this.#buffer.slice(end + THINK_END.length);
      this.#state = 'gap';
      return parts;
    }
    const at = this.#buffer.lastIndexOf('<');
    const isHeld = at >= 0 && THINK_END.startsWith(this.#buffer.slice(at));
    const length = shownLength(this.#buffer.slice(0, isHeld ? at : undefined));
    const parts = this.#show(this.#buffer.slice(0, length));
    this.#buffer = this.#buffer.slice(length);
    return parts;
  }

  #stepGap(): readonly AnswerPart[] {
    if (this.#state === 'reasoning') return [];
    if (this.#state === 'gap') {
      this.#buffer = this.#buffer.trimStart();
      if (this.#buffer === '') return [];
      this.#state = 'answer';
    }
    const text = this.#buffer;
    this.#buffer = '';
    return this.#next.push(text);
  }

  #show(text: string): AnswerPart[] {
    const shown = this.#hasShown ? text : text.trimStart();
    if (shown === '') return [];
    this.#hasShown = true;
    return this.#isShown ? [{ type: 'reasoning', text: shown }] : [];
  }
}
