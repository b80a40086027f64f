import type { DeepseekV2Config } from '../deepseek-v2/config.ts';
import type { DeviceSpec } from '../ranks/device-spec.ts';

/** What starting an engine takes; the slice of the configuration that the engine sees. */
export interface EngineSettings {
  /** Folder of the checkpoint. */
  readonly modelFolder: string;
  readonly model: DeepseekV2Config;
  /** Ids below this exist in the tokenizer; the rest of the logits is padding. */
  readonly tokenizerSize: number;
  readonly eosTokenIds: readonly number[];
  /** Where packed weights are kept. */
  readonly cacheRoot: string;
  readonly device: DeviceSpec;
  /** dummy: random weights in the shape of the configuration, for benchmarks. */
  readonly loadFormat: 'auto' | 'dummy';
  /** Share of a GPU's memory that the server may fill. */
  readonly gpuMemoryUtilization: number;
  /** null: what the model allows, or less where one sequence would not fit the cache. */
  readonly maxModelLen: number | null;
  readonly maxNumSeqs: number;
  /** null: chosen in warm-up so that a step stays under {@link stepTargetMs}. */
  readonly maxNumBatchedTokens: number | null;
  readonly stepTargetMs: number;
  /** null: on CPU a quarter of the memory that is free once the weights are loaded, on a GPU what its share leaves. */
  readonly kvCacheMemoryBytes: number | null;
  readonly enablePrefixCaching: boolean;
  readonly maxQueuedRequests: number;
  readonly maxQueueWaitMs: number;
}

/** Progress of a start, in this order. */
export type LaunchEvent =
  | { readonly phase: 'packing'; readonly bytesDone: number; readonly bytesTotal: number }
  | { readonly phase: 'loading' }
  | { readonly phase: 'loaded'; readonly seconds: number }
  | { readonly phase: 'cache'; readonly explanation: string; readonly blockSize: number; readonly numBlocks: number }
  | { readonly phase: 'warm-up'; readonly numTokens: number; readonly stepMs: number }
  | {
      readonly phase: 'ready';
      readonly maxNumBatchedTokens: number;
      readonly maxModelLen: number;
      readonly seconds: number;
    };
