import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '../errors.ts';
import { loadTokenizer } from './tokenizer.ts';
import type { EncodeJob, EncodeResult, TokenizerWorkerData } from './tokenizer-messages.ts';

// Entry point of the thread that encodes long texts: one job after the other, in the order of their arrival.
invariant(parentPort, 'the tokenizer worker is started as a worker thread');
const port = parentPort;
const tokenizer = await loadTokenizer((workerData as TokenizerWorkerData).folder);

port.on('message', ({ id, text, mode }: EncodeJob) => {
  try {
    const ids = 'specialTokens' in mode ? tokenizer.encode(text, mode) : tokenizer.encodePrompt(text, mode);
    const packed = Int32Array.from(ids);
    port.postMessage({ id, ids: packed } satisfies EncodeResult, [packed.buffer]);
  } catch (error) {
    port.postMessage({ id, error: String(error) } satisfies EncodeResult);
  }
});
