import { ConfigError } from '../errors.ts';
import { GrammarCompiler } from '../grammar/grammar-compiler.ts';
import { gpuMemoryError } from '../ranks/gpu-memory.ts';
import { RankLink } from '../ranks/rank-link.ts';
import { TextOutput } from '../text/text-output.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import { allocateStepMemory, devicePlan, maxLogitRows, sizeCache } from './device-plan.ts';
import { EngineClient } from './engine-client.ts';
import type { EngineObserver } from './engine-observer.ts';
import type { EngineSettings, LaunchEvent } from './engine-settings.ts';
import { EngineThread } from './engine-thread.ts';
import { GrammarRegistry } from './grammar-registry.ts';
import { grammarVocabulary } from './grammar-vocabulary.ts';
import type { EngineCommand } from './messages.ts';
import { RankThread } from './rank-thread.ts';

/** A step that takes longer than this will not end: the slowest ones are bounded by warm-up to well under a second. */
const STALL_TIMEOUT_MS = 300_000;
/** What one grammar may take to compile and to be tried; ordinary ones take some milliseconds. */
const GRAMMAR_TIME_LIMIT_MS = 3000;

export interface LaunchOptions {
  readonly tokenizer: Tokenizer;
  readonly observer: EngineObserver;
  readonly onEvent: (event: LaunchEvent) => void;
}

export interface LaunchedEngine {
  readonly client: EngineClient;
  /** Resolves if the engine comes to an unexpected end; its requests have failed by then. */
  readonly failed: Promise<Error>;
  /** Ends the threads after the step under way. Requests still running are aborted. */
  stop(): Promise<void>;
}

/**
 * Packs and loads the model, sizes the cache, warms up and returns the running engine.
 * @throws CheckpointError, ConfigError
 */
export async function launchEngine(settings: EngineSettings, options: LaunchOptions): Promise<LaunchedEngine> {
  const began = performance.now();
  const { model } = settings;
  checkMaxModelLen(settings);
  const rank = await RankThread.load(
    {
      modelFolder: settings.modelFolder,
      config: model,
      cacheRoot: settings.cacheRoot,
      blockSize: devicePlan(settings.device).blockSize,
      device: settings.device,
      loadFormat: settings.loadFormat,
    },
    options.onEvent,
  );
  try {
    return await serve(settings, options, rank, began);
  } catch (error) {
    await rank.abandon();
    throw error;
  }
}

async function serve(
  settings: EngineSettings,
  options: LaunchOptions,
  rank: RankThread,
  began: number,
): Promise<LaunchedEngine> {
  const { onEvent } = options;
  const { model, maxNumSeqs } = settings;
  const plan = devicePlan(settings.device);
  const { blockSize } = plan;
  const { numBlocks, maxModelLen, explanation } = sizeCache(settings, rank.memory);
  onEvent({ phase: 'cache', explanation, blockSize, numBlocks });

  const largestBudget = settings.maxNumBatchedTokens ?? plan.largestBudget;
  const stepMemory = allocateStepMemory(settings, { maxTokens: largestBudget, maxModelLen });
  const link = RankLink.allocate();
  await rank.attach(numBlocks, stepMemory, link);

  const engine = await EngineThread.start(
    {
      stepMemory,
      linkMemory: link.memory,
      scheduler: {
        maxNumSeqs,
        maxNumBatchedTokens: largestBudget,
        maxModelLen,
        maxPrefillChunks: plan.maxPrefillChunks,
        maxLogitRows: maxLogitRows(plan, maxNumSeqs),
        longPrefillChunk: plan.longPrefillChunk,
      },
      maxNumBatchedTokens: settings.maxNumBatchedTokens,
      stepTargetMs: settings.stepTargetMs,
      pool: { numBlocks, blockSize, enablePrefixCaching: settings.enablePrefixCaching },
      logitsWidth: model.vocabSize,
      vocabSize: settings.tokenizerSize,
      eosTokenIds: settings.eosTokenIds,
    },
    onEvent,
  ).catch((error: unknown) => {
    throw settings.device.type === 'cuda' ? gpuMemoryError(error, 'while the first steps ran') : error;
  });
  const { maxNumBatchedTokens } = engine;
  onEvent({ phase: 'ready', maxNumBatchedTokens, maxModelLen, seconds: (performance.now() - began) / 1000 });

  let onStall: (error: Error) => void = () => {};
  const stalled = new Promise<Error>((resolve) => {
    onStall = resolve;
  });
  const send = (command: EngineCommand): void => engine.send(command);
  const grammars = new GrammarRegistry(
    new GrammarCompiler({
      vocabulary: () => grammarVocabulary(options.tokenizer, settings.eosTokenIds),
      timeLimitMs: GRAMMAR_TIME_LIMIT_MS,
    }),
    send,
    (seconds) => options.observer.grammarCompiled(seconds),
  );
  const client = new EngineClient({
    limits: { maxModelLen, vocabSize: settings.tokenizerSize, eosTokenIds: settings.eosTokenIds },
    maxQueuedRequests: settings.maxQueuedRequests,
    maxQueueWaitMs: settings.maxQueueWaitMs,
    stallTimeoutMs: STALL_TIMEOUT_MS,
    onStall: (error) => onStall(error),
    send,
    createOutput: (request) =>
      new TextOutput({ tokenizer: options.tokenizer, ...request, minTokens: request.sampling.minTokens }),
    grammars,
    observer: options.observer,
  });
  engine.onMessage((message) => client.receive(message));
  return supervise(client, { engine, rank, link, grammars, stalled });
}

interface EngineParts {
  readonly engine: EngineThread;
  readonly rank: RankThread;
  readonly link: RankLink;
  readonly grammars: GrammarRegistry;
  readonly stalled: Promise<Error>;
}

/** Watches both threads; whichever ends unasked or falls silent takes the engine down. */
function supervise(client: EngineClient, { engine, rank, link, grammars, stalled }: EngineParts): LaunchedEngine {
  let isStopping = false;
  const failed = new Promise<Error>((resolve) => {
    const fail = (error: Error): void => {
      if (isStopping) return;
      client.fail(error);
      link.markGone();
      resolve(error);
    };
    void engine.failed.then(fail);
    void stalled.then(fail);
    void rank.ended.then((error) => fail(error ?? new Error('the rank thread ended')));
  });
  const stop = async (): Promise<void> => {
    isStopping = true;
    client.abortAll(new Error('the server is shutting down'));
    engine.send({ type: 'stop' });
    await Promise.all([engine.ended, rank.ended, grammars.dispose()]);
  };
  return { client, failed, stop };
}

/** @throws ConfigError when more context is wanted than the model has positions */
function checkMaxModelLen({ maxModelLen, model }: EngineSettings): void {
  if (maxModelLen === null || maxModelLen <= model.maxPositionEmbeddings) return;
  throw new ConfigError(
    `--max-model-len ${maxModelLen} exceeds the ${model.maxPositionEmbeddings} positions that the model was trained for`,
  );
}
