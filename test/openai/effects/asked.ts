import { expect } from 'vitest';

type Fields = Readonly<Record<string, unknown>>;

/** One choice of either endpoint, in one form. */
export interface Choice {
  readonly text: string;
  readonly tokenIds: readonly number[];
  readonly finishReason: string;
  readonly stopReason: unknown;
  /** Per output token (completions: per token of the echoed prompt too). */
  readonly logprobs: readonly (number | null)[];
  /** Alternatives by name, per token. */
  readonly tops: readonly Readonly<Record<string, number>>[];
  readonly promptLogprobs: readonly unknown[] | null;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly choices: readonly Choice[];
  readonly promptTokenIds: readonly number[];
  readonly cachedTokens: number;
  readonly completionTokens: number;
}

/** A chunk of a stream. */
export interface Chunk {
  readonly text: string;
  readonly frame: string;
  readonly body: Readonly<Record<string, unknown>>;
}

interface RawChoice {
  readonly text?: string;
  readonly message?: { readonly content: string };
  readonly delta?: { readonly content?: string };
  readonly token_ids?: number[];
  readonly prompt_token_ids?: number[];
  readonly prompt_logprobs?: unknown[];
  readonly finish_reason: string;
  readonly stop_reason: unknown;
  readonly logprobs: {
    readonly token_logprobs?: (number | null)[];
    readonly top_logprobs?: (Record<string, number> | null)[];
    readonly content?: { logprob: number; top_logprobs: { token: string; logprob: number }[] }[];
  } | null;
}

interface RawAnswer {
  readonly choices?: RawChoice[];
  readonly prompt_token_ids?: number[];
  readonly prompt_logprobs?: unknown[];
  readonly usage?: { completion_tokens: number; prompt_tokens_details: { cached_tokens: number } };
}

function toChoice(raw: RawChoice, answer: RawAnswer): Choice {
  const { logprobs } = raw;
  return {
    text: raw.text ?? raw.message?.content ?? '',
    tokenIds: raw.token_ids ?? [],
    finishReason: raw.finish_reason,
    stopReason: raw.stop_reason,
    logprobs: logprobs?.token_logprobs ?? logprobs?.content?.map(({ logprob }) => logprob) ?? [],
    tops:
      logprobs?.top_logprobs?.map((top) => top ?? {}) ??
      logprobs?.content?.map((entry) =>
        Object.fromEntries(entry.top_logprobs.map(({ token, logprob }) => [token, logprob])),
      ) ??
      [],
    promptLogprobs: raw.prompt_logprobs ?? answer.prompt_logprobs ?? null,
  };
}

/** An endpoint of a running server, asked with a body of its own and the fields of a test on top. */
export class Asked {
  readonly endpoint: 'chat' | 'completions';
  readonly #url: string;
  readonly #base: Fields;

  constructor(serverUrl: string, endpoint: 'chat' | 'completions') {
    this.endpoint = endpoint;
    const path = endpoint === 'chat' ? '/v1/chat/completions' : '/v1/completions';
    this.#url = serverUrl + path;
    const prompt = 'A short story about a dog. One day';
    this.#base = {
      ...(endpoint === 'chat'
        ? { messages: [{ role: 'user', content: 'Tell me a short story about a dog.' }] }
        : { prompt }),
      temperature: 0,
      max_tokens: 12,
      return_token_ids: true,
    };
  }

  /** Asks this of the model; in a completion as its chat template would. */
  saying(text: string): Fields {
    return this.endpoint === 'chat'
      ? { messages: [{ role: 'user', content: text }] }
      : { prompt: `User: ${text}\n\nAssistant:` };
  }

  async textOf(tokenId: number): Promise<string> {
    const body = JSON.stringify({ tokens: [tokenId] });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(new URL('/detokenize', this.#url), { method: 'POST', headers, body });
    return ((await response.json()) as { prompt: string }).prompt;
  }

  /** @param count alternatives per token, named `token_id:N` */
  logprobFields(count: number): Fields {
    const names = { return_tokens_as_token_ids: true };
    return this.endpoint === 'chat' ? { ...names, logprobs: true, top_logprobs: count } : { ...names, logprobs: count };
  }

  async ask(fields: Fields = {}): Promise<Answer> {
    const response = await this.#post(fields);
    const body = (await response.json()) as RawAnswer;
    return {
      status: response.status,
      body: body as Readonly<Record<string, unknown>>,
      choices: (body.choices ?? []).map((choice) => toChoice(choice, body)),
      promptTokenIds: body.prompt_token_ids ?? body.choices?.[0]?.prompt_token_ids ?? [],
      cachedTokens: body.usage?.prompt_tokens_details.cached_tokens ?? 0,
      completionTokens: body.usage?.completion_tokens ?? 0,
    };
  }

  /** The first choice; the request must succeed. */
  async one(fields: Fields = {}): Promise<Choice> {
    const answer = await this.ask(fields);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    const [choice] = answer.choices;
    if (choice === undefined) throw new Error('no choice');
    return choice;
  }

  /** The chunks of a stream without the end mark. */
  async stream(fields: Fields = {}): Promise<Chunk[]> {
    const response = await this.#post({ stream: true, return_token_ids: false, ...fields });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const frames = (await response.text()).split(/(?<=\n\n)/);
    expect(frames.pop()).toBe('data: [DONE]\n\n');
    return frames
      .filter((frame) => frame.startsWith('data: '))
      .map((frame) => {
        const body = JSON.parse(frame.slice('data: '.length)) as RawAnswer;
        const choice = body.choices?.[0];
        return {
          text: choice?.text ?? choice?.delta?.content ?? '',
          frame,
          body: body as Readonly<Record<string, unknown>>,
        };
      });
  }

  /** Asks for the metrics until they show what is waited for; the test's own deadline ends the wait. */
  async waitUntil(isReached: (load: { readonly running: number; readonly waiting: number }) => boolean): Promise<void> {
    const gauge = (text: string, name: string): number =>
      Number(new RegExp(`^vllm:num_requests_${name}\\{.*\\} (\\d+)$`, 'm').exec(text)?.[1]);
    for (;;) {
      const metrics = await (await fetch(new URL('/metrics', this.#url))).text();
      if (isReached({ running: gauge(metrics, 'running'), waiting: gauge(metrics, 'waiting') })) return;
    }
  }

  async #post(fields: Fields): Promise<Response> {
    const body = JSON.stringify({ ...this.#base, ...fields });
    return await fetch(this.#url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  }
}

export const joined = (chunks: readonly Chunk[]): string => chunks.map(({ text }) => text).join('');

/** Shows that a field does what docs/api.md says, on a running server. */
export type Effect = (asked: Asked) => Promise<void>;
