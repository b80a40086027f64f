import { BlockPool } from '../../src/kv-cache/block-pool.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import type { SchedulerConfig } from '../../src/scheduler/scheduler-config.ts';
import { Sequence, type SequenceRequest } from '../../src/scheduler/sequence.ts';
import type { CommitResult, StepPlan } from '../../src/scheduler/step-plan.ts';

export const EOS = 0;

export type RequestOptions = Partial<Omit<SequenceRequest, 'sampling'>> & Partial<SequenceRequest['sampling']>;

/** `count` different token ids that no other call with another `first` shares. */
export function tokens(count: number, first = 1_000): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

export function makeRequest(promptTokenIds: readonly number[], options: RequestOptions = {}): SequenceRequest {
  const { minTokens = 0, ignoreEos = false, stopTokenIds = [], repetitionDetection = null, ...rest } = options;
  return {
    promptTokenIds,
    maxTokens: 100,
    priority: 0,
    cacheSalt: null,
    promptLogprobs: null,
    ...rest,
    sampling: { minTokens, ignoreEos, stopTokenIds, repetitionDetection },
  };
}

export function makeSequence(id: number, promptTokenIds: readonly number[], options: RequestOptions = {}): Sequence {
  return new Sequence(id, makeRequest(promptTokenIds, options), [EOS]);
}

export interface Bench {
  readonly scheduler: Scheduler;
  readonly pool: BlockPool;
}

export interface BenchOptions extends Partial<SchedulerConfig> {
  readonly numBlocks?: number;
  readonly blockSize?: number;
  readonly enablePrefixCaching?: boolean;
}

export function makeBench(options: BenchOptions = {}): Bench {
  const { numBlocks = 64, blockSize = 4, enablePrefixCaching = true, ...config } = options;
  const pool = new BlockPool({ numBlocks, blockSize, enablePrefixCaching });
  const scheduler = new Scheduler(
    {
      maxNumSeqs: 8,
      maxNumBatchedTokens: 64,
      maxModelLen: 128,
      maxPrefillChunks: Number.POSITIVE_INFINITY,
      maxLogitRows: 64,
      longPrefillChunk: Number.POSITIVE_INFINITY,
      ...config,
    },
    pool,
  );
  return { scheduler, pool };
}

/** Commits with `token` for every entry that samples. */
export function commit(scheduler: Scheduler, plan: StepPlan, token = 7): CommitResult {
  const sampling = plan.entries.filter((entry) => entry.samples);
  const result = scheduler.commit(plan, new Map(sampling.map((entry) => [entry.sequence, token])));
  scheduler.checkIntegrity();
  return result;
}

/** One whole step that must have something to do. */
export function step(scheduler: Scheduler, token = 7): StepPlan & CommitResult {
  const plan = scheduler.plan();
  if (plan === null) throw new Error('nothing was planned');
  return { ...plan, ...commit(scheduler, plan, token) };
}

/** [sequence id, start, count] of every entry, in order. */
export function shares(plan: StepPlan): number[][] {
  return plan.entries.map((entry) => [entry.sequence.id, entry.start, entry.count]);
}
