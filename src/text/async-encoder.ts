import { Worker } from 'node:worker_threads';
import { invalidRequest } from '../errors.ts';
import type { ChatMessage } from './chat-message.ts';
import type { ChatTemplate, RenderOptions } from './chat-template.ts';
import type { EncodeOptions, Tokenizer } from './tokenizer.ts';
import type { EncodeInput, EncodeJob, EncodeResult, TokenizerWorkerData } from './tokenizer-messages.ts';

/**
 * UTF-16 units from which a text is encoded in the worker. At this length the main thread is held up for about 20 ms by
 * ordinary text and 0.1 s by the worst (a single run of punctuation).
 */
export const LONG_TEXT_LENGTH = 16_384;

interface PendingJob {
  readonly resolve: (ids: number[]) => void;
  readonly reject: (error: Error) => void;
}

/** A worker entry is a built file, also when this module runs from its TypeScript source. */
function workerEntry(): URL {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(isSource ? '../../dist/text/tokenizer-worker.js' : './tokenizer-worker.js', import.meta.url);
}

/** Encodes short texts at once and long ones in a worker thread, which is started by the first long text. */
export class AsyncEncoder {
  readonly #tokenizer: Tokenizer;
  readonly #folder: string;
  readonly #pending = new Map<number, PendingJob>();
  #worker: Worker | null = null;
  #nextId = 0;
  #isDisposed = false;

  /** @param folder the checkpoint that `tokenizer` was loaded from; the worker loads it again */
  constructor(tokenizer: Tokenizer, folder: string) {
    this.#tokenizer = tokenizer;
    this.#folder = folder;
  }

  /** As {@link Tokenizer.encode}. Rejects when the worker fails; the next long text starts a new one. */
  async encode(text: string, options: EncodeOptions): Promise<number[]> {
    return text.length < LONG_TEXT_LENGTH
      ? this.#tokenizer.encode(text, options)
      : await this.#send({ text, mode: options });
  }

  /** As {@link Tokenizer.encodePrompt}. Rejects as {@link encode}. */
  async encodePrompt(text: string, options: { readonly addSpecialTokens: boolean }): Promise<number[]> {
    return text.length < LONG_TEXT_LENGTH
      ? this.#tokenizer.encodePrompt(text, options)
      : await this.#send({ text, mode: options });
  }

  /**
   * As {@link ChatTemplate.render}. A long conversation is rendered in the worker too: the template alone takes 10 µs
   * per message.
   * @throws ApiError 400, as ChatTemplate.render; rejects as {@link encode}
   */
  async encodeChat(
    template: ChatTemplate,
    messages: readonly ChatMessage[],
    options: RenderOptions,
  ): Promise<number[]> {
    const { source } = template;
    const isLong = JSON.stringify([messages, options]).length >= LONG_TEXT_LENGTH;
    if (source === null || !isLong) return await template.renderAsync(messages, options, this);
    return await this.#send({ template: source, messages, options });
  }

  /** Stops the worker and rejects what it still had to do. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    const worker = this.#worker;
    this.#fail(worker, new Error('the tokenizer worker was stopped'));
    await worker?.terminate();
  }

  #send(input: EncodeInput): Promise<number[]> {
    if (this.#isDisposed) return Promise.reject(new Error('the tokenizer worker was stopped'));
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ id, ...input } satisfies EncodeJob);
    });
  }

  #start(): Worker {
    const workerData: TokenizerWorkerData = { folder: this.#folder };
    const worker = new Worker(workerEntry(), { workerData, name: 'tokenizer' });
    worker.on('message', (result: EncodeResult) => this.#receive(worker, result));
    worker.on('error', (error) => this.#fail(worker, error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', (code) => this.#fail(worker, new Error(`the tokenizer worker ended with code ${code}`)));
    return worker;
  }

  #receive(worker: Worker, result: EncodeResult): void {
    const job = this.#pending.get(result.id);
    this.#pending.delete(result.id);
    // An idle worker does not keep the process alive.
    if (this.#pending.size === 0) worker.unref();
    if ('ids' in result) job?.resolve(toArray(result.ids));
    else if ('refusal' in result) {
      const { param, message, code } = result.refusal;
      job?.reject(invalidRequest(param, message, code));
    } else job?.reject(new Error(result.error));
  }

  #fail(worker: Worker | null, error: Error): void {
    if (worker === null || worker !== this.#worker) return;
    this.#worker = null;
    const jobs = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of jobs) reject(error);
  }
}

/** Array.from, which iterates, takes six times as long. */
function toArray(ids: Int32Array): number[] {
  const array = new Array<number>(ids.length);
  for (let i = 0; i < ids.length; i++) array[i] = ids[i]!;
  return array;
}
