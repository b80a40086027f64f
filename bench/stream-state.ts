interface StreamChunk {
  readonly error?: { readonly message?: string };
  readonly choices?: readonly StreamChoice[];
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number } | null;
}

interface StreamChoice {
  readonly text?: string;
  readonly delta?: { readonly content?: string | null; readonly role?: string };
  readonly finish_reason: string | null;
}

/** What one streamed answer has shown so far. Times in milliseconds of performance.now(). */
export class StreamState {
  /** Arrival times of the chunks that carry output; the role chunk and a bare finish chunk do not. */
  readonly tokenTimes: number[] = [];
  promptTokens = 0;
  outputTokens = 0;
  error: string | null = null;
  #done = false;
  #hasUsage = false;

  /** @param payload the text after `data:` */
  accept(payload: string, now: number): void {
    if (payload === '[DONE]') {
      this.#done = true;
      return;
    }
    let chunk: StreamChunk;
    try {
      chunk = JSON.parse(payload) as StreamChunk;
    } catch {
      this.error = `a frame is not JSON: ${payload.slice(0, 100)}`;
      return;
    }
    if (chunk.error !== undefined) this.error = chunk.error.message ?? 'error frame';
    if (chunk.choices?.some(carriesOutput)) this.tokenTimes.push(now);
    if (chunk.usage) {
      this.promptTokens = chunk.usage.prompt_tokens;
      this.outputTokens = chunk.usage.completion_tokens;
      this.#hasUsage = true;
    }
  }

  /** Why the ended stream is not a whole answer, or null. */
  failure(expectedTokens: number | null): string | null {
    if (this.error !== null) return this.error;
    if (!this.#done) return 'the stream ended without [DONE]';
    if (!this.#hasUsage) return 'the stream has no usage chunk';
    if (expectedTokens !== null && this.outputTokens !== expectedTokens) {
      return `${this.outputTokens} output tokens instead of ${expectedTokens}`;
    }
    return null;
  }
}

function carriesOutput(choice: StreamChoice): boolean {
  const text = choice.text ?? choice.delta?.content ?? '';
  return text !== '' || (choice.finish_reason === null && choice.delta?.role === undefined);
}
