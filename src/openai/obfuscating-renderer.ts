import { randomBytes } from 'node:crypto';
import type { GenerationEvent } from '../engine/engine.ts';
import type { ApiError } from '../errors.ts';
import type { StreamRenderer } from './stream-renderer.ts';

/** Frames are padded to a multiple of so many bytes; longer than nearly all tokens. */
const FRAME_MULTIPLE = 64;
const MEMBER = ',"obfuscation":""';

/**
 * OpenAI's include_obfuscation: chunks get a member of random text that brings them to one of few lengths, because the
 * lengths of encrypted packets would give tokens away.
 */
export class ObfuscatingRenderer implements StreamRenderer {
  readonly #inner: StreamRenderer;

  constructor(inner: StreamRenderer) {
    this.#inner = inner;
  }

  open(): string {
    return this.#inner.open();
  }

  event(choice: number, event: GenerationEvent): string {
    return this.#inner
      .event(choice, event)
      .split(/(?<=\n\n)/)
      .map(padFrame)
      .join('');
  }

  close(): string {
    return this.#inner.close();
  }

  fail(error: ApiError): string {
    return this.#inner.fail(error);
  }
}

/** A frame ends in a JSON object with at least one member and two newlines. */
function padFrame(frame: string): string {
  if (!frame.endsWith('}\n\n')) return frame;
  const bytes = Buffer.byteLength(frame) + MEMBER.length;
  const padding = FRAME_MULTIPLE - (bytes % FRAME_MULTIPLE);
  const text = randomBytes(padding).toString('base64url').slice(0, padding);
  return `${frame.slice(0, -'}\n\n'.length)},"obfuscation":"${text}"}\n\n`;
}
