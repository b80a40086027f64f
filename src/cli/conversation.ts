import type { ChatMessage } from './chat-client.ts';

/** The turns so far. A turn without an answer is taken back, so that user and assistant always alternate. */
export class Conversation {
  #system: string | null;
  #turns: ChatMessage[] = [];

  constructor(system: string | null) {
    this.#system = system;
  }

  /** All messages, the system message first. */
  get messages(): readonly ChatMessage[] {
    return this.#system === null ? [...this.#turns] : [{ role: 'system', content: this.#system }, ...this.#turns];
  }

  ask(content: string): void {
    this.#turns.push({ role: 'user', content });
  }

  /** Ends the turn; an empty answer takes the question back. */
  answer(content: string): void {
    if (content === '') this.#turns.pop();
    else this.#turns.push({ role: 'assistant', content });
  }

  reset(): void {
    this.#turns = [];
  }

  /** Begins a new conversation with another system message; empty: with none. */
  setSystem(content: string): void {
    this.#system = content === '' ? null : content;
    this.reset();
  }
}
