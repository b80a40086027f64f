import type { GenerationEvent } from '../engine/engine.ts';

/** Turns the events of a request's generations into server-sent events; each method returns whole frames, '' for none. */
export interface StreamRenderer {
  /** Before any event: the chunks that every choice begins with. */
  open(): string;
  event(choice: number, event: GenerationEvent): string;
  /** After the last finish event: usage where asked for, and the end mark. */
  close(): string;
}

/** Ends every stream, failed ones too. */
export const DONE_FRAME = 'data: [DONE]\n\n';

/** One server-sent event. */
export function frame(payload: object): string {
  return `data: ${JSON.stringify(payload)}\n\n`;
}
