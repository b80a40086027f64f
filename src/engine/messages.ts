import type { CompiledGrammar } from '../grammar/compiled-grammar.ts';
import type { TokenTrieData } from '../grammar/token-trie.ts';
import type { PagedStepMemory } from '../ranks/paged-step-buffers.ts';
import type { RankLinkMemory } from '../ranks/rank-link.ts';
import type { StepMemory } from '../ranks/step-buffers.ts';
import type { SchedulerConfig } from '../scheduler/scheduler-config.ts';
import type { EngineRequest } from './engine-core.ts';
import type { EngineStats, StepReport } from './step-report.ts';

/** Main thread to engine thread. */
export type EngineCommand =
  | { readonly type: 'add'; readonly requests: readonly EngineRequest[] }
  | { readonly type: 'abort'; readonly sequenceIds: readonly number[] }
  /** Comes before the first request that uses it; the first grammar brings the vocabulary. */
  | {
      readonly type: 'grammar';
      readonly key: string;
      readonly compiled: CompiledGrammar;
      readonly trie: TokenTrieData | null;
    }
  | { readonly type: 'forget-grammar'; readonly key: string }
  | { readonly type: 'stop' };

/** Engine thread to main thread. */
export type EngineMessage =
  | StepReport
  /** Nothing left to do; sent before the engine sleeps. */
  | { readonly type: 'idle'; readonly stats: EngineStats }
  /** Sent once, after warm-up: the engine takes requests. */
  | { readonly type: 'ready'; readonly maxNumBatchedTokens: number; readonly stepMs: number }
  | { readonly type: 'warm-up'; readonly numTokens: number; readonly stepMs: number }
  /** The engine is at an end; every unfinished request has failed. */
  | { readonly type: 'failed'; readonly message: string; readonly stack: string }
  /** The loop has ended as it was told to. */
  | { readonly type: 'stopped' };

export interface EngineWorkerData {
  readonly stepMemory: StepMemory | PagedStepMemory;
  readonly linkMemory: RankLinkMemory;
  /** Rung after every command, so that an idle engine wakes. One 32-bit word. */
  readonly bell: SharedArrayBuffer;
  /** `maxNumBatchedTokens` is the most that warm-up may choose. */
  readonly scheduler: SchedulerConfig;
  /** Null: warm-up finds the largest budget whose step stays under `stepTargetMs`. */
  readonly maxNumBatchedTokens: number | null;
  readonly stepTargetMs: number;
  readonly pool: { readonly numBlocks: number; readonly blockSize: number; readonly enablePrefixCaching: boolean };
  /** Width of a row of logits, and the number of ids that exist. */
  readonly logitsWidth: number;
  readonly vocabSize: number;
  readonly eosTokenIds: readonly number[];
}
