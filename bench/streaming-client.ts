import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { SseReader } from './sse-reader.ts';
import { StreamState } from './stream-state.ts';

export interface StreamRequest {
  readonly path: string;
  /** JSON, with "stream": true and stream_options.include_usage. */
  readonly body: string;
  /** Another number of output tokens counts as an error; null accepts any. */
  readonly expectedTokens: number | null;
  /** Destroy the connection once this many chunks with output have come; null reads to the end. */
  readonly abortAfter: number | null;
}

/** Times in milliseconds of performance.now(). */
export interface RequestResult {
  readonly outcome: 'ok' | 'error' | 'aborted';
  readonly error: string | null;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly tokenTimes: readonly number[];
  readonly promptTokens: number;
  readonly outputTokens: number;
}

export interface StreamingClientOptions {
  /** Such as http://127.0.0.1:8000. */
  readonly url: string;
  readonly apiKey?: string;
}

/** A client that spends little, because it usually shares the machine with the server it measures. */
export class StreamingClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  readonly #base: URL;
  readonly #headers: Record<string, string>;

  /** @throws TypeError when the address is not an http one */
  constructor(options: StreamingClientOptions) {
    this.#base = new URL(options.url);
    if (this.#base.protocol !== 'http:') throw new TypeError(`${options.url}: only http:// addresses can be measured`);
    this.#headers = options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` };
  }

  /** Closes all connections. */
  close(): void {
    this.#agent.destroy();
  }

  /** Body of a GET. @throws Error when it is not answered with 200 */
  get(path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = this.#open('GET', path, (response) => {
        readAll(response).then((text) => {
          if (response.statusCode === 200) resolve(text);
          else reject(new Error(`GET ${path}: ${response.statusCode} ${text.slice(0, 200)}`));
        }, reject);
      });
      request.on('error', (error) => reject(new Error(describe(error))));
      request.end();
    });
  }

  /**
   * Sends one request and reads its stream. Never rejects: a failure is an outcome.
   *
   * @param startedAt when it was due; latencies count from then
   */
  stream(options: StreamRequest, startedAt: number = performance.now()): Promise<RequestResult> {
    return new Promise((resolve) => {
      const state = new StreamState();
      let settled = false;
      const settle = (outcome: RequestResult['outcome'], error: string | null): void => {
        if (settled) return;
        settled = true;
        const { tokenTimes, promptTokens, outputTokens } = state;
        resolve({ outcome, error, startedAt, endedAt: performance.now(), tokenTimes, promptTokens, outputTokens });
      };
      const request = this.#open('POST', options.path, (response) => {
        response.on('error', (error) => settle('error', error.message));
        if (response.statusCode !== 200) {
          readAll(response).then(
            (text) => settle('error', `${response.statusCode} ${text.slice(0, 300)}`),
            (error: Error) => settle('error', error.message),
          );
          return;
        }
        const reader = new SseReader((payload) => {
          state.accept(payload, performance.now());
          if (options.abortAfter === null || state.tokenTimes.length < options.abortAfter) return;
          settle('aborted', null);
          request.destroy();
        });
        response.setEncoding('utf8');
        response.on('data', (text: string) => reader.push(text));
        response.on('end', () => {
          const failure = state.failure(options.expectedTokens);
          settle(failure === null ? 'ok' : 'error', failure);
        });
      });
      request.on('error', (error) => settle('error', describe(error)));
      request.end(options.body);
    });
  }

  #open(method: string, path: string, onResponse: (response: IncomingMessage) => void): ClientRequest {
    const headers = method === 'POST' ? { ...this.#headers, 'content-type': 'application/json' } : this.#headers;
    const hostname = this.#base.hostname.replace(/^\[|\]$/g, '');
    const { port } = this.#base;
    const fullPath = this.#base.pathname.replace(/\/$/, '') + path;
    return httpRequest({ agent: this.#agent, hostname, port, method, path: fullPath, headers }, onResponse);
  }
}

/** Trying several addresses of a host name ends in an error without a message. */
function describe(error: NodeJS.ErrnoException): string {
  return error.message || (error.code ?? error.name);
}

async function readAll(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const part of response) text += part as string;
  return text;
}
