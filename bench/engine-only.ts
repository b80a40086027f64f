import type * as folders from '../src/cli/model-folder.ts';
import type * as wiring from '../src/cli/wire-model.ts';
import { loadConfig } from '../src/config/load-config.ts';
import type { Engine, GenerationEvent } from '../src/engine/engine.ts';
import type { EngineObserver } from '../src/engine/engine-observer.ts';
import { type GenerateRequest, toGenerateRequest } from '../src/engine/generate-request.ts';
import { GREEDY_SAMPLING } from '../src/sampling/sampling-params.ts';
import { importBuilt } from './built-program.ts';
import type { LoadTarget } from './run-bench.ts';
import type { RequestResult, StreamRequest } from './streaming-client.ts';

/** The engine in this process: everything that a server does but HTTP, JSON and SSE. */
export interface LocalEngine {
  readonly target: EngineTarget;
  /** What runs, as reports show it. */
  readonly name: string;
  readonly folder: string;
  /** Ids below this exist in the tokenizer. */
  readonly vocabSize: number;
  /** Tokens that one step computes, as measured at start. */
  readonly maxNumBatchedTokens: number;
  stop(): Promise<void>;
}

const SILENT: EngineObserver = {
  started() {},
  firstToken() {},
  interToken() {},
  step() {},
  finished() {},
  callFinished() {},
  grammarCompiled() {},
};

/**
 * Starts an engine as `serve` would, with the settings of the environment (LATENT_SERVE_…).
 *
 * @param checkpoint folder; null = the shipped model
 * @throws CheckpointError, ConfigError
 */
export async function startLocalEngine(checkpoint: string | null): Promise<LocalEngine> {
  const { wireModel } = await importBuilt<typeof wiring>('cli/wire-model.js');
  const { resolveModelFolder } = await importBuilt<typeof folders>('cli/model-folder.js');
  const config = loadConfig({ flags: checkpoint === null ? {} : { model: checkpoint }, env: process.env });
  const folder = resolveModelFolder(config.model);
  let maxNumBatchedTokens = 0;
  const { engine, stop } = await wireModel({
    config,
    folder,
    observer: SILENT,
    onEvent: (event) => {
      if (event.phase === 'ready') maxNumBatchedTokens = event.maxNumBatchedTokens;
    },
  });
  return {
    target: new EngineTarget(engine),
    name: `engine without HTTP, ${folder}, ${maxNumBatchedTokens} tokens a step`,
    folder,
    vocabSize: engine.limits.vocabSize,
    maxNumBatchedTokens,
    stop,
  };
}

/** Sends the requests of a workload straight to an engine. */
export class EngineTarget implements LoadTarget {
  readonly #engine: Pick<Engine, 'submit'>;
  #numSent = 0;

  constructor(engine: Pick<Engine, 'submit'>) {
    this.#engine = engine;
  }

  async stream(request: StreamRequest, startedAt: number = performance.now()): Promise<RequestResult> {
    const tokenTimes: number[] = [];
    let promptTokens = 0;
    let outputTokens = 0;
    const settle = (outcome: RequestResult['outcome'], error: string | null): RequestResult => {
      return { outcome, error, startedAt, endedAt: performance.now(), tokenTimes, promptTokens, outputTokens };
    };
    try {
      const generate = toEngineRequest(request, `bench-${this.#numSent++}`);
      const [generation] = this.#engine.submit([generate], new AbortController().signal);
      for await (const event of generation as AsyncIterable<GenerationEvent>) {
        if (event.type === 'start') promptTokens = event.numPromptTokens;
        else if (event.type === 'finish') outputTokens = event.numCompletionTokens;
        else tokenTimes.push(performance.now());
        if (tokenTimes.length === request.abortAfter) return settle('aborted', null);
      }
    } catch (error) {
      return settle('error', error instanceof Error ? error.message : String(error));
    }
    const { expectedTokens } = request;
    const isWhole = expectedTokens === null || outputTokens === expectedTokens;
    return isWhole ? settle('ok', null) : settle('error', `${outputTokens} output tokens instead of ${expectedTokens}`);
  }
}

/** @throws Error when the prompt is not token ids */
function toEngineRequest({ body }: StreamRequest, id: string): GenerateRequest {
  const { prompt, max_tokens: maxTokens } = JSON.parse(body) as { prompt?: readonly number[]; max_tokens: number };
  if (prompt === undefined) throw new Error('the engine takes token ids: --endpoint completions');
  return toGenerateRequest({
    id,
    promptTokenIds: prompt,
    sampling: { ...GREEDY_SAMPLING, ignoreEos: true },
    maxTokens,
    stop: [],
    includeStopStrInOutput: false,
    skipSpecialTokens: true,
    stripLeadingSpace: false,
    priority: 0,
    cacheSalt: null,
    promptLogprobs: null,
    grammar: null,
  });
}
