import type {
  Engine,
  EngineHold,
  EngineLimits,
  EngineState,
  Generation,
  GenerationEvent,
} from '../../../src/engine/engine.ts';
import type { GenerateRequest } from '../../../src/engine/generate-request.ts';
import { unavailable } from '../../../src/errors.ts';
import type { GrammarHandle, GrammarSpec } from '../../../src/grammar/grammar-spec.ts';
import type { TokenLogprobs } from '../../../src/sampling/sampling-params.ts';
import { BYTE_VOCAB_SIZE, EOS } from './byte-codec.ts';

/** Plays one request; the signal is the one of its submission. */
export type Script = (request: GenerateRequest, signal: AbortSignal, index: number) => AsyncGenerator<GenerationEvent>;

export interface Submission {
  readonly requests: readonly GenerateRequest[];
  readonly signal: AbortSignal;
}

/** An engine that plays a script for every request and remembers what it was given. */
export class ScriptedEngine implements Engine {
  state: EngineState = 'ready';
  limits: EngineLimits = { maxModelLen: 256, vocabSize: BYTE_VOCAB_SIZE, eosTokenIds: [EOS] };
  script: Script;
  /** Thrown at admission when set. */
  admissionError: Error | null = null;
  readonly submissions: Submission[] = [];
  #waiters: ((submission: Submission) => void)[] = [];

  constructor(script: Script = say('Hello')) {
    this.script = script;
  }

  submit(requests: readonly GenerateRequest[], signal: AbortSignal): Generation[] {
    if (this.admissionError !== null) throw this.admissionError;
    const submission = { requests, signal };
    this.submissions.push(submission);
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter(submission);
    return requests.map((request, index) => this.script(request, signal, index));
  }

  hold(): EngineHold {
    return { submit: (requests, signal) => this.submit(requests, signal), [Symbol.dispose]: () => {} };
  }

  /** Specs that were asked for; the handle of each is its JSON text. */
  readonly grammars: GrammarSpec[] = [];

  async compileGrammar(spec: GrammarSpec): Promise<GrammarHandle> {
    this.grammars.push(spec);
    return { key: JSON.stringify(spec) };
  }

  nextSubmission(): Promise<Submission> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  get lastRequest(): GenerateRequest {
    const request = this.submissions.at(-1)?.requests[0];
    if (request === undefined) throw new Error('nothing was submitted');
    return request;
  }
}

/** The scripted log-probability of a token: -id/256, so that expectations are plain arithmetic. */
export function scriptedLogprobs(tokenId: number, count: number): TokenLogprobs {
  const top = Array.from({ length: count }, (_, i) => ({ tokenId: 97 + i, logprob: -(i + 1) }));
  return { tokenId, logprob: -tokenId / 256, rank: 3, top };
}

/** Settles with the signal's reason when it aborts. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** Round numbers, so that timings are plain arithmetic. */
export const SCRIPTED_TIMES = { queueMs: 5, prefillMs: 40, decodeMs: 100 } as const;

export function startOf(request: GenerateRequest, numCachedTokens = 0): GenerationEvent {
  const scored = request.promptLogprobs;
  return {
    type: 'start',
    numPromptTokens: request.promptTokenIds.length,
    numCachedTokens,
    promptLogprobs:
      scored === null ? null : request.promptTokenIds.map((id, i) => (i === 0 ? null : scriptedLogprobs(id, scored))),
    times: SCRIPTED_TIMES,
  };
}

/** Speaks the text byte by byte up to maxTokens, then stops as a model with an end token would. */
export function say(text: string, options: { readonly numCachedTokens?: number } = {}): Script {
  return async function* (request, signal) {
    yield startOf(request, options.numCachedTokens);
    const decoder = new TextDecoder();
    const bytes = [...new TextEncoder().encode(text)].slice(0, request.maxTokens);
    for (const byte of bytes) {
      signal.throwIfAborted();
      const logprobs = request.sampling.logprobs;
      yield {
        type: 'delta',
        text: decoder.decode(Uint8Array.of(byte), { stream: true }),
        tokenIds: [byte],
        logprobs: logprobs === null ? null : [scriptedLogprobs(byte, logprobs)],
      };
    }
    const isComplete = bytes.length === new TextEncoder().encode(text).length && request.maxTokens > 0;
    yield {
      type: 'finish',
      reason: isComplete ? 'stop' : 'length',
      stopReason: null,
      numCompletionTokens: bytes.length,
    };
  };
}

/** Admitted, but never gets its turn. */
export const stayQueued: Script = async function* (_request, signal) {
  await untilAborted(signal);
  yield* [];
};

/** Sends a word, then nothing more until the signal aborts. */
export const stallAfterFirstWord: Script = async function* (request, signal) {
  yield startOf(request);
  yield { type: 'delta', text: 'word', tokenIds: [1], logprobs: null };
  await untilAborted(signal);
};

/** Says one letter, then fails. */
export const failAfterFirstLetter: Script = async function* (request) {
  yield startOf(request);
  yield { type: 'delta', text: 'a', tokenIds: [1], logprobs: null };
  throw unavailable('The engine has failed.');
};

/** Speaks without end. */
export const babble: Script = async function* (request, signal) {
  yield startOf(request);
  for (;;) {
    signal.throwIfAborted();
    yield { type: 'delta', text: 'bla ', tokenIds: [1], logprobs: null };
    await new Promise((resolve) => setImmediate(resolve));
  }
};
