import type { AnswerPart, AnswerReader } from './answer-reader.ts';
import { newCallId } from './call-id.ts';

/** What the readers of both tool formats share: the text that waits, and the parts that have been found in it. */
export abstract class ToolReader implements AnswerReader {
  /** Not taken apart yet. */
  protected buffer = '';
  readonly #maxCalls: number;
  #parts: AnswerPart[] = [];
  #numCalls = 0;

  constructor(maxCalls: number) {
    this.#maxCalls = maxCalls;
  }

  push(text: string): readonly AnswerPart[] {
    this.buffer += text;
    while (this.buffer !== '' && this.step());
    return this.#take();
  }

  end(): readonly AnswerPart[] {
    this.finish();
    return this.#take();
  }

  /** Takes apart what can be; false: more text is needed. */
  protected abstract step(): boolean;

  /** There is no more text: what waits must be something now. */
  protected abstract finish(): void;

  /** Shows the first characters of the buffer as text. */
  protected emitText(length: number): void {
    if (length === 0) return;
    const text = this.buffer.slice(0, length);
    const last = this.#parts.at(-1);
    if (last?.type === 'text') this.#parts[this.#parts.length - 1] = { type: 'text', text: last.text + text };
    else this.#parts.push({ type: 'text', text });
    this.drop(length);
  }

  protected drop(length: number): void {
    this.buffer = this.buffer.slice(length);
  }

  protected beginCall(name: string): void {
    const index = this.#numCalls++;
    if (index < this.#maxCalls) this.#parts.push({ type: 'toolCall', index, id: newCallId(), name });
  }

  /** Takes the first characters of the buffer as arguments of the call that is open. */
  protected emitArguments(length: number): void {
    const index = this.#numCalls - 1;
    if (length > 0 && index < this.#maxCalls) {
      this.#parts.push({ type: 'toolArguments', index, text: this.buffer.slice(0, length) });
    }
    this.drop(length);
  }

  #take(): readonly AnswerPart[] {
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }
}
