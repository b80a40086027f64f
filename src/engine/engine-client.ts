import { invalidRequest, queueFull, unavailable } from '../errors.ts';
import type { GrammarHandle, GrammarSpec } from '../grammar/grammar-spec.ts';
import type { TextOutput } from '../text/text-output.ts';
import { ActiveRequest } from './active-request.ts';
import type { Engine, EngineHold, EngineLimits, EngineState, Generation } from './engine.ts';
import type { EngineRequest } from './engine-core.ts';
import type { EngineObserver } from './engine-observer.ts';
import type { GenerateRequest } from './generate-request.ts';
import { GenerationStream } from './generation-stream.ts';
import type { GrammarRegistry } from './grammar-registry.ts';
import type { EngineCommand, EngineMessage } from './messages.ts';
import { StallWatch } from './stall-watch.ts';
import type { EngineStats, StepReport } from './step-report.ts';

export interface EngineClientOptions {
  readonly limits: EngineLimits;
  /** Requests that may wait for their first step; one more is refused with 429. A call of more is taken when none waits. */
  readonly maxQueuedRequests: number;
  /** A request that waits longer is given up with 503. Milliseconds. */
  readonly maxQueueWaitMs: number;
  /** Silence of an engine with work after which it counts as failed. */
  readonly stallTimeoutMs: number;
  /** The engine has stalled; {@link EngineClient.fail} has been called. */
  readonly onStall: (error: Error) => void;
  /** Sends a command and wakes the engine. */
  readonly send: (command: EngineCommand) => void;
  /** Text side of one request. */
  readonly createOutput: (request: GenerateRequest) => TextOutput;
  readonly grammars: GrammarRegistry;
  readonly observer: EngineObserver;
}

/** Seconds after which a refused client may try again. */
const RETRY_AFTER_SECONDS = 1;
const NOTHING_ALLOWED =
  'The request allows no token at this point: what it allows and what it forbids (allowed_token_ids, bad_words, min_tokens) leave none.';
const NO_LOAD: EngineStats = {
  numRunning: 0,
  numWaiting: 0,
  usedBlocks: 0,
  numBlocks: 0,
  totalPreemptions: 0,
  totalPrefixQueries: 0,
  totalPrefixHits: 0,
};

/** The engine on the main thread: admission, text, streams. Never waits for a step. */
export class EngineClient implements Engine {
  readonly limits: EngineLimits;
  readonly #options: EngineClientOptions;
  readonly #active = new Map<number, ActiveRequest>();
  readonly #stallWatch: StallWatch;
  #state: EngineState = 'ready';
  #stats: EngineStats = NO_LOAD;
  #nextId = 1;
  #numQueued = 0;
  #queueTimer: NodeJS.Timeout | null = null;
  #numHolds = 0;
  #onIdle: (() => void)[] = [];

  constructor(options: EngineClientOptions) {
    this.#options = options;
    this.limits = options.limits;
    this.#stallWatch = new StallWatch(options.stallTimeoutMs, (error) => {
      this.fail(error);
      options.onStall(error);
    });
  }

  get state(): EngineState {
    return this.#state;
  }

  /** Load as of the last step, with requests that have not reached the engine thread yet counted as waiting. */
  get stats(): EngineStats {
    return { ...this.#stats, numWaiting: this.#numQueued };
  }

  submit(requests: readonly GenerateRequest[], signal: AbortSignal): Generation[] {
    this.#admit(requests.length);
    return this.#start(requests, signal);
  }

  hold(): EngineHold {
    let isAdmitted = false;
    return {
      submit: (requests, signal) => {
        if (!isAdmitted) {
          this.#admit(requests.length);
          isAdmitted = true;
          this.#numHolds++;
        } else if (this.#state === 'failed') {
          throw unavailable('The engine has failed.');
        }
        return this.#start(requests, signal);
      },
      [Symbol.dispose]: () => {
        if (!isAdmitted) return;
        this.#numHolds--;
        this.#settleIdle();
      },
    };
  }

  #start(requests: readonly GenerateRequest[], signal: AbortSignal): Generation[] {
    if (signal.aborted) throw toError(signal.reason);
    const ids = requests.map(() => this.#nextId++);
    const onAbort = (): void => this.#abort(ids, toError(signal.reason));
    let numUnfinished = requests.length;
    let maxGeneratedTokens = 0;
    const onEnd = (numTokens: number): void => {
      maxGeneratedTokens = Math.max(maxGeneratedTokens, numTokens);
      numUnfinished--;
      if (numUnfinished > 0) return;
      // A signal may outlive many calls.
      signal.removeEventListener('abort', onAbort);
      this.#options.observer.callFinished(requests.length, maxGeneratedTokens);
    };
    const streams = requests.map((request, index) => {
      const id = ids[index]!;
      const stream = new GenerationStream(() => this.#abort([id], new Error('the reader left')));
      const { createOutput, observer } = this.#options;
      this.#active.set(id, new ActiveRequest({ request, stream, output: createOutput(request), observer, onEnd }));
      return stream;
    });
    for (const { grammar } of requests) if (grammar !== null) this.#options.grammars.acquire(grammar);
    this.#numQueued += requests.length;
    this.#watchQueue();
    this.#stallWatch.expect();
    this.#options.send({
      type: 'add',
      requests: requests.map((request, index) => toEngineRequest(request, ids[index]!)),
    });
    signal.addEventListener('abort', onAbort, { once: true });
    return streams;
  }

  async compileGrammar(spec: GrammarSpec, param: string): Promise<GrammarHandle> {
    this.#checkState();
    if (this.limits.eosTokenIds.length === 0) {
      throw invalidRequest(
        param,
        `Invalid '${param}': the model has no end token, so no output that must match can end.`,
      );
    }
    return await this.#options.grammars.compile(spec, param);
  }

  /** Takes no more requests; resolves when those under way have ended. */
  drain(): Promise<void> {
    if (this.#state === 'ready') this.#state = 'draining';
    if (this.#active.size + this.#numHolds === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /** Ends every request under way, as on a second signal during draining. */
  abortAll(error: Error): void {
    this.#abort([...this.#active.keys()], error);
  }

  /** The engine is at an end. */
  fail(error: Error): void {
    if (this.#state === 'failed') return;
    this.#state = 'failed';
    for (const [id, active] of this.#active) {
      this.#forget(id, active);
      active.fail(error, 'error');
    }
  }

  /** A message of the engine thread. */
  receive(message: EngineMessage): void {
    if (message.type === 'step') this.#receiveStep(message);
    else if (message.type === 'idle') this.#stats = message.stats;
  }

  #checkState(): void {
    if (this.#state === 'draining') throw unavailable('The server is shutting down.', RETRY_AFTER_SECONDS);
    if (this.#state === 'failed') throw unavailable('The engine has failed.');
  }

  #admit(count: number): void {
    this.#checkState();
    // Of an empty queue a call of any size can have all: refused, it could come again for ever.
    const isFull = this.#numQueued > 0 && this.#numQueued + count > this.#options.maxQueuedRequests;
    if (isFull) throw queueFull(RETRY_AFTER_SECONDS);
  }

  #receiveStep(report: StepReport): void {
    this.#stats = report.stats;
    if (this.#active.size > 0) this.#stallWatch.expect();
    this.#options.observer.step(report.numTokens, report.stats);
    for (const id of report.admitted) {
      const active = this.#active.get(id);
      if (active?.isWaiting) {
        active.admit(report.plannedAt);
        this.#numQueued--;
      }
    }
    for (const { id, numCachedTokens, promptLogprobs } of report.started) {
      this.#active.get(id)?.start(numCachedTokens, promptLogprobs);
    }
    const endedByToken = new Set(report.finished.filter(({ reason }) => reason === 'stop').map(({ id }) => id));
    const stopped: number[] = [];
    report.sequenceIds.forEach((id, index) => {
      const active = this.#active.get(id);
      if (!active) return;
      const stop = active.addToken(report.tokenIds[index]!, report.logprobs?.[index] ?? null, endedByToken.has(id));
      if (stop === null) return;
      stopped.push(id);
      this.#forget(id, active);
      active.finish('stop', stop);
    });
    for (const { id, reason, stopReason } of report.finished) {
      const active = this.#active.get(id);
      if (!active) continue;
      this.#forget(id, active);
      active.finish(reason, stopReason);
    }
    for (const { id, message, isRequestFault } of report.failed) {
      this.#failOne(
        id,
        isRequestFault ? invalidRequest(null, NOTHING_ALLOWED, 'no_token_allowed') : new Error(message),
      );
    }
    if (stopped.length > 0) this.#options.send({ type: 'abort', sequenceIds: stopped });
  }

  #failOne(id: number, error: Error): void {
    const active = this.#active.get(id);
    if (!active) return;
    this.#forget(id, active);
    active.fail(error, 'error');
  }

  #abort(ids: readonly number[], error: Error): void {
    const known = ids.filter((id) => this.#active.has(id));
    if (known.length === 0) return;
    for (const id of known) {
      const active = this.#active.get(id)!;
      this.#forget(id, active);
      active.fail(error, 'abort');
    }
    if (this.#state !== 'failed') this.#options.send({ type: 'abort', sequenceIds: known });
  }

  #forget(id: number, active: ActiveRequest): void {
    this.#active.delete(id);
    if (active.request.grammar !== null) this.#options.grammars.release(active.request.grammar);
    active.onEnd(active.numTokens);
    if (active.isWaiting) this.#numQueued--;
    if (this.#active.size > 0) return;
    this.#stallWatch.rest();
    this.#settleIdle();
  }

  /** Tells those who wait for the end of all work. */
  #settleIdle(): void {
    if (this.#active.size + this.#numHolds > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /** One timer for the whole queue; it runs only while something waits. */
  #watchQueue(): void {
    this.#queueTimer ??= setTimeout(() => {
      this.#queueTimer = null;
      this.#giveUpOverdue();
      if (this.#numQueued > 0) this.#watchQueue();
    }, this.#options.maxQueueWaitMs / 10).unref();
  }

  #giveUpOverdue(): void {
    const overdue: number[] = [];
    for (const [id, active] of this.#active) {
      if (active.isWaiting && active.waitedMs >= this.#options.maxQueueWaitMs) overdue.push(id);
    }
    this.#abort(overdue, unavailable('The request waited too long in the queue.', RETRY_AFTER_SECONDS));
  }
}

function toEngineRequest(request: GenerateRequest, sequenceId: number): EngineRequest {
  const { promptTokenIds, maxTokens, sampling, priority, cacheSalt, promptLogprobs, grammar } = request;
  const fallbackSeed = Math.floor(Math.random() * 2 ** 32);
  const common = { sequenceId, promptTokenIds, maxTokens, sampling, priority, cacheSalt, promptLogprobs, fallbackSeed };
  if (grammar === null) return common;
  const { stripLeadingSpace } = request;
  return { ...common, grammar: { key: grammar.key, stripLeadingSpace }, endsAtEos: true };
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
