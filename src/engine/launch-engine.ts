import { ConfigError } from '../errors.ts';
import { latentBytesPerToken, sizePool } from '../kv-cache/latent-layout.ts';
import { RankLink } from '../ranks/rank-link.ts';
import { StepBuffers } from '../ranks/step-buffers.ts';
import { TextOutput } from '../text/text-output.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import { EngineClient } from './engine-client.ts';
import type { EngineObserver } from './engine-observer.ts';
import type { EngineSettings, LaunchEvent } from './engine-settings.ts';
import { EngineThread } from './engine-thread.ts';
import { RankThread } from './rank-thread.ts';

/** Slots of a cache block on CPU. */
const BLOCK_SIZE = 16;
/** Padded batches that attention distinguishes: two sizes of decodes and one of prefill chunks, or any other split. */
const NUM_GROUPS = 3;
/** Prefill chunks in one step: more would only pad each other. */
const MAX_CHUNKS = 8;
/**
 * Tokens of one sequence that a step prefills. Attention of a chunk covers the chunk's whole square, half of it masked:
 * pieces of 256 do half the work of one of 900 and are still large enough for the matrix products.
 */
const LONG_PREFILL_CHUNK = 256;
/** Largest token budget that warm-up may choose. */
const LARGEST_BUDGET = 2048;
/** A step that takes longer than this will not end: the slowest ones are bounded by warm-up to well under a second. */
const STALL_TIMEOUT_MS = 300_000;
/** Rows of logits that one step of prompt scoring may want. */
const MIN_LOGIT_ROWS = 32;
const F32_BYTES = 4;

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
      blockSize: BLOCK_SIZE,
      numGroups: NUM_GROUPS,
      numThreads: settings.numThreads,
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
  const { numBlocks, maxModelLen, explanation } = sizeCache(settings);
  onEvent({ phase: 'cache', explanation, blockSize: BLOCK_SIZE, numBlocks });

  const largestBudget = settings.maxNumBatchedTokens ?? LARGEST_BUDGET;
  const maxLogitRows = Math.max(maxNumSeqs, MIN_LOGIT_ROWS) + MAX_CHUNKS;
  const buffers = StepBuffers.allocate({
    maxTokens: largestBudget,
    maxSequences: maxNumSeqs,
    maxChunks: MAX_CHUNKS,
    maxLogitRows,
    maxBlocksPerSequence: Math.ceil(maxModelLen / BLOCK_SIZE),
    numGroups: NUM_GROUPS,
    vocabSize: model.vocabSize,
  });
  const link = RankLink.allocate();
  await rank.attach(numBlocks, buffers, link);

  const engine = await EngineThread.start(
    {
      stepMemory: buffers.memory,
      linkMemory: link.memory,
      scheduler: {
        maxNumSeqs,
        maxNumBatchedTokens: largestBudget,
        maxModelLen,
        maxPrefillChunks: MAX_CHUNKS,
        maxLogitRows,
        longPrefillChunk: LONG_PREFILL_CHUNK,
      },
      maxNumBatchedTokens: settings.maxNumBatchedTokens,
      stepTargetMs: settings.stepTargetMs,
      pool: { numBlocks, blockSize: BLOCK_SIZE, enablePrefixCaching: settings.enablePrefixCaching },
      logitsWidth: model.vocabSize,
      vocabSize: settings.tokenizerSize,
      eosTokenIds: settings.eosTokenIds,
    },
    onEvent,
  );
  const { maxNumBatchedTokens } = engine;
  onEvent({ phase: 'ready', maxNumBatchedTokens, maxModelLen, seconds: (performance.now() - began) / 1000 });

  let onStall: (error: Error) => void = () => {};
  const stalled = new Promise<Error>((resolve) => {
    onStall = resolve;
  });
  const client = new EngineClient({
    limits: { maxModelLen, vocabSize: settings.tokenizerSize },
    maxQueuedRequests: settings.maxQueuedRequests,
    maxQueueWaitMs: settings.maxQueueWaitMs,
    stallTimeoutMs: STALL_TIMEOUT_MS,
    onStall: (error) => onStall(error),
    send: (command) => engine.send(command),
    createOutput: (request) =>
      new TextOutput({ tokenizer: options.tokenizer, ...request, minTokens: request.sampling.minTokens }),
    observer: options.observer,
  });
  engine.onMessage((message) => client.receive(message));
  return supervise(client, { engine, rank, link, stalled });
}

interface EngineParts {
  readonly engine: EngineThread;
  readonly rank: RankThread;
  readonly link: RankLink;
  readonly stalled: Promise<Error>;
}

/** Watches both threads; whichever ends unasked or falls silent takes the engine down. */
function supervise(client: EngineClient, { engine, rank, link, stalled }: EngineParts): LaunchedEngine {
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
    await Promise.all([engine.ended, rank.ended]);
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

/** @throws ConfigError when the wanted context does not fit the memory */
function sizeCache(settings: EngineSettings): ReturnType<typeof sizePool> {
  const { model, maxNumSeqs } = settings;
  const wanted = settings.maxModelLen ?? model.maxPositionEmbeddings;
  const bytesPerToken = latentBytesPerToken({ ...model, bytesPerValue: F32_BYTES });
  // More than every sequence at full length needs would only spread the prefix cache over cold memory.
  const mostUseful = maxNumSeqs * (Math.ceil(wanted / BLOCK_SIZE) + 1) * BLOCK_SIZE * bytesPerToken;
  const availableBytes = settings.kvCacheMemoryBytes ?? Math.min(Math.floor(process.availableMemory() / 4), mostUseful);
  const size = sizePool({ availableBytes, bytesPerToken, blockSize: BLOCK_SIZE, maxModelLen: wanted });
  if (settings.maxModelLen !== null && size.maxModelLen < settings.maxModelLen) {
    throw new ConfigError(
      `--max-model-len ${wanted} does not fit the memory for the cache (${size.explanation}). Lower it or raise --kv-cache-memory-bytes.`,
    );
  }
  return size;
}
