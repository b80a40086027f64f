import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';

/** Text that waits for the end of the tick is written at once beyond this many characters. */
const FLUSH_CHARACTERS = 64 * 1024;
const KEEP_ALIVE_COMMENT = ': keep-alive\n\n';

/**
 * Server-sent events on a hijacked reply. Frames of one tick (several choices, several tokens) go out in one write.
 * A client that reads slowly makes {@link SseWriter.drained} a promise; whoever sends must await it before sending more.
 */
export class SseWriter {
  readonly #raw: ServerResponse;
  readonly #signal: AbortSignal;
  readonly #keepAlive: NodeJS.Timeout;
  #pending = '';
  #isFlushPlanned = false;
  #isEnded = false;
  #wroteSinceTick = true;
  #drained: Promise<void> | null = null;

  /** Takes the reply over and sends the headers. @param signal aborts when the client has left */
  constructor(reply: FastifyReply, signal: AbortSignal, keepAliveMs: number) {
    reply.hijack();
    this.#raw = reply.raw;
    this.#signal = signal;
    this.#raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'openai-processing-ms': String(Math.round(reply.elapsedTime)),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    this.#keepAlive = setInterval(() => this.#keepAliveTick(), keepAliveMs);
    this.#keepAlive.unref();
    this.#planFlush();
  }

  /** Null while the client keeps up; else resolves when it has, or has left. */
  get drained(): Promise<void> | null {
    return this.#drained;
  }

  send(frames: string): void {
    if (frames === '' || this.#isEnded) return;
    this.#pending += frames;
    if (this.#pending.length >= FLUSH_CHARACTERS) this.#flush();
    else this.#planFlush();
  }

  /** Sends the last frames and completes the response; what is sent later is dropped. */
  end(frames: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearInterval(this.#keepAlive);
    const last = this.#pending + frames;
    this.#pending = '';
    if (!this.#signal.aborted) this.#raw.end(last);
  }

  /** Gives up: the client has left. */
  abandon(): void {
    this.#isEnded = true;
    this.#pending = '';
    clearInterval(this.#keepAlive);
  }

  #planFlush(): void {
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    // After the microtasks, in which all generations that have an event at hand deliver it.
    process.nextTick(() => {
      this.#isFlushPlanned = false;
      if (!this.#isEnded) this.#flush();
    });
  }

  #flush(): void {
    const frames = this.#pending;
    this.#pending = '';
    this.#wroteSinceTick = true;
    if (frames === '') this.#raw.flushHeaders();
    else if (!this.#raw.write(frames)) this.#drained ??= this.#untilDrained();
  }

  #untilDrained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#raw.off('drain', done);
        this.#signal.removeEventListener('abort', done);
        this.#drained = null;
        resolve();
      };
      this.#raw.once('drain', done);
      this.#signal.addEventListener('abort', done, { once: true });
      if (this.#signal.aborted) done();
    });
  }

  #keepAliveTick(): void {
    if (!this.#wroteSinceTick && this.#drained === null) this.send(KEEP_ALIVE_COMMENT);
    this.#wroteSinceTick = false;
  }
}
