import { readServerSentEvents } from './sse-reader.ts';

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface ChatOptions {
  readonly temperature?: number;
  readonly maxTokens?: number;
}

/** How an answer went. Times in seconds. */
export interface AnswerSummary {
  readonly finishReason: string | null;
  readonly numTokens: number;
  readonly firstTokenSeconds: number;
  /** From the first token to the last. */
  readonly decodeSeconds: number;
}

/** What the server answered instead of what was asked for, or that it could not be reached. */
export class ChatError extends Error {
  override readonly name = 'ChatError';
}

interface ChatChunk {
  readonly choices?: readonly { delta?: { content?: string | null }; finish_reason?: string | null }[];
  readonly usage?: { completion_tokens?: number } | null;
  readonly error?: { message?: string } | string | null;
}

/** A client of the public API, of this server or of any that is compatible with OpenAI's. */
export class ChatClient {
  readonly #baseUrl: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** @param url of the server, with or without `/v1` */
  constructor(url: string, apiKey: string | null) {
    this.#baseUrl = url.replace(/\/+$/, '').replace(/\/v1$/, '');
    this.#headers = {
      'content-type': 'application/json',
      ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
    };
  }

  /** Name of the first model that the server lists. @throws ChatError */
  async firstModel(): Promise<string> {
    const response = await this.#fetch('/v1/models', {});
    const body = (await response.json()) as { data?: readonly { id?: string }[] };
    const id = body.data?.[0]?.id;
    if (id === undefined) throw new ChatError(`${this.#baseUrl} lists no model`);
    return id;
  }

  /**
   * Text of the answer as it comes. Leaving the loop early ends the request.
   * @throws ChatError; the signal's reason when aborted
   */
  async *stream(
    model: string,
    messages: readonly ChatMessage[],
    options: ChatOptions,
    signal: AbortSignal,
  ): AsyncGenerator<string, AnswerSummary, undefined> {
    const body = {
      model,
      messages,
      stream: true,
      stream_options: { include_usage: true },
      ...(options.temperature === undefined ? {} : { temperature: options.temperature }),
      ...(options.maxTokens === undefined ? {} : { max_tokens: options.maxTokens }),
    };
    const begin = performance.now();
    const response = await this.#fetch('/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify(body),
      signal,
    });
    if (response.body === null) throw new ChatError('the answer has no body');
    let finishReason: string | null = null;
    let numTokens = 0;
    let firstAt: number | null = null;
    let lastAt = begin;
    for await (const { data } of readServerSentEvents(response.body)) {
      if (data === '[DONE]') break;
      const chunk = parseChunk(data);
      numTokens = chunk.usage?.completion_tokens ?? numTokens;
      const choice = chunk.choices?.[0];
      finishReason = choice?.finish_reason ?? finishReason;
      const text = choice?.delta?.content;
      if (!text) continue;
      lastAt = performance.now();
      firstAt ??= lastAt;
      yield text;
    }
    if (finishReason === null) throw new ChatError('the server ended the stream before the answer was complete');
    return {
      finishReason,
      numTokens,
      firstTokenSeconds: ((firstAt ?? lastAt) - begin) / 1000,
      decodeSeconds: (lastAt - (firstAt ?? lastAt)) / 1000,
    };
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(this.#baseUrl + path, { ...init, headers: this.#headers });
    } catch (cause) {
      if (init.signal?.aborted) throw cause;
      throw new ChatError(`${this.#baseUrl} cannot be reached: ${reasonOf(cause)}`, { cause });
    }
    if (response.ok) return response;
    throw new ChatError(`${this.#baseUrl} answered ${response.status}: ${errorMessage(await response.text())}`);
  }
}

function parseChunk(data: string): ChatChunk {
  let chunk: ChatChunk;
  try {
    chunk = JSON.parse(data) as ChatChunk;
  } catch (cause) {
    throw new ChatError('the server sent a chunk that is not JSON', { cause });
  }
  if (chunk.error) throw new ChatError(errorMessage(data));
  return chunk;
}

/** The message inside an error body, whatever its shape; the body itself where there is none. */
function errorMessage(body: string): string {
  try {
    const { error } = JSON.parse(body) as ChatChunk;
    if (typeof error === 'string') return error;
    if (error?.message) return error.message;
  } catch {
    // Not JSON: a proxy's page, shown as it is.
  }
  return body.trim().slice(0, 300) || 'no reason given';
}

/** fetch hides the reason in its error's cause, and behind an AggregateError when several addresses were tried. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const inner = cause instanceof AggregateError ? cause.errors[0] : cause;
  return inner instanceof Error ? inner.message : String(inner);
}
