import { parentPort, workerData } from 'node:worker_threads';
import { ApiError, invariant } from '../errors.ts';
import { ChatTemplate } from './chat-template.ts';
import { loadTokenizer } from './tokenizer.ts';
import type { EncodeInput, EncodeJob, EncodeResult, TokenizerWorkerData } from './tokenizer-messages.ts';

// Entry point of the thread that encodes long texts: one job after the other, in the order of their arrival.
invariant(parentPort, 'the tokenizer worker is started as a worker thread');
const port = parentPort;
const tokenizer = await loadTokenizer((workerData as TokenizerWorkerData).folder);
let latest: ChatTemplate | null = null;

port.on('message', (job: EncodeJob) => {
  const { id } = job;
  try {
    const packed = Int32Array.from(encode(job));
    port.postMessage({ id, ids: packed } satisfies EncodeResult, [packed.buffer]);
  } catch (error) {
    port.postMessage({ id, ...describeError(error) } satisfies EncodeResult);
  }
});

function encode(input: EncodeInput): number[] {
  if ('template' in input) return templateOf(input.template).render(input.messages, input.options);
  const { text, mode } = input;
  return 'specialTokens' in mode ? tokenizer.encode(text, mode) : tokenizer.encodePrompt(text, mode);
}

/** Nearly all requests use the same template. */
function templateOf(source: string): ChatTemplate {
  if (latest?.source !== source) latest = new ChatTemplate(source, tokenizer);
  return latest;
}

function describeError(error: unknown) {
  if (!(error instanceof ApiError)) return { error: String(error) };
  const { param, message, code } = error;
  return { refusal: { param, message, code } };
}
