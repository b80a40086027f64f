/** Reads `data:` lines of server-sent events from text that arrives in arbitrary pieces; everything else is skipped. */
export class SseReader {
  readonly #onData: (payload: string) => void;
  #rest = '';

  constructor(onData: (payload: string) => void) {
    this.#onData = onData;
  }

  push(text: string): void {
    let buffer = this.#rest === '' ? text : this.#rest + text;
    let start = 0;
    for (let end = buffer.indexOf('\n'); end !== -1; end = buffer.indexOf('\n', start)) {
      if (buffer.startsWith('data:', start)) this.#onData(buffer.slice(start + 5, end).trim());
      start = end + 1;
    }
    if (start > 0) buffer = buffer.slice(start);
    this.#rest = buffer;
  }
}
