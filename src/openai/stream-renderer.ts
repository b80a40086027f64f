import type { GenerationEvent } from '../engine/engine.ts';
import type { ApiError } from '../errors.ts';

/** Turns the events of a request's generations into server-sent events; each method returns whole frames, '' for none. */
export interface StreamRenderer {
  /** Before any event: the chunks that every choice begins with. */
  open(): string;
  event(choice: number, event: GenerationEvent): string;
  /** After the last finish event: usage where asked for, and the end mark. */
  close(): string;
  /** The last frames of a stream that fails after its headers are out. */
  fail(error: ApiError): string;
}

/** Ends every stream of OpenAI's completions, failed ones too. */
export const DONE_FRAME = 'data: [DONE]\n\n';

/** OpenAI's error frame and the end mark. */
export function failFrames(error: ApiError): string {
  return frame(error.toBody()) + DONE_FRAME;
}

/** One server-sent event. */
export function frame(payload: object): string {
  return `data: ${JSON.stringify(payload)}\n\n`;
}

/** A server-sent event whose name its data repeats: OpenAI's responses and Anthropic's messages have such. */
export function namedFrame<Payload extends { readonly type: string }>(payload: Payload): string {
  return `event: ${payload.type}\n${frame(payload)}`;
}
