import type { FastifyReply } from 'fastify';
import type { Generation } from '../engine/engine.ts';
import type { ApiError } from '../errors.ts';
import type { StreamRenderer } from '../openai/stream-renderer.ts';
import { SseWriter } from './sse.ts';

export interface StreamJob {
  readonly reply: FastifyReply;
  readonly renderer: StreamRenderer;
  /** One per choice, in order. */
  readonly generations: readonly Generation[];
  /** Of the whole request; aborted when the client leaves or cancels it, and here when one choice fails. */
  readonly abort: AbortController;
  /** Aborts when there is nobody to answer any more. */
  readonly clientGone: AbortSignal;
  readonly holdHeadersMs: number;
  readonly keepAliveMs: number;
  /** What the client is told about an error after the headers are out. */
  readonly toApiError: (error: unknown) => ApiError;
}

/**
 * Streams all choices of a request as their events come. Headers go out with the first event (or after holdHeadersMs).
 * A generation is not asked for its next event while the client is behind.
 * @throws what a generation throws before the headers are out; later errors become a frame, then the end mark
 */
export async function streamGenerations(job: StreamJob): Promise<void> {
  const { renderer, generations, abort } = job;
  let writer: SseWriter | undefined;
  const open = (): SseWriter => {
    if (writer === undefined) {
      writer = new SseWriter(job.reply, job.clientGone, job.keepAliveMs);
      writer.send(renderer.open());
    }
    return writer;
  };
  const pump = async (generation: Generation, choice: number): Promise<void> => {
    for await (const event of generation) {
      const out = open();
      out.send(renderer.event(choice, event));
      if (out.drained !== null) await out.drained;
    }
  };

  const hold = setTimeout(open, job.holdHeadersMs);
  try {
    await Promise.all(generations.map(pump));
    open().end(renderer.close());
  } catch (error) {
    const isGone = job.clientGone.aborted;
    if (!isGone && writer !== undefined) writer.end(renderer.fail(job.toApiError(error)));
    writer?.abandon();
    abort.abort(error);
    if (writer === undefined || isGone) throw error;
  } finally {
    clearTimeout(hold);
  }
}
