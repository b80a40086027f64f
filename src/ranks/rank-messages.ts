import type { DeepseekV2Config } from '../deepseek-v2/config.ts';
import type { DeviceSpec } from './device-spec.ts';
import type { DeviceMemory } from './load-rank.ts';
import type { PagedStepMemory } from './paged-step-buffers.ts';
import type { RankLinkMemory } from './rank-link.ts';
import type { StepMemory } from './step-buffers.ts';

export interface RankWorkerData {
  /** Folder of the checkpoint. */
  readonly modelFolder: string;
  readonly config: DeepseekV2Config;
  readonly cacheRoot: string;
  readonly blockSize: number;
  readonly device: DeviceSpec;
  /** dummy: random weights, the checkpoint's are not read. */
  readonly loadFormat: 'auto' | 'dummy';
}

/** Why a rank could not start; error classes do not survive the way between threads. */
export type RankFault =
  | { readonly kind: 'checkpoint'; readonly file: string; readonly message: string }
  | { readonly kind: 'config'; readonly message: string }
  | { readonly kind: 'bug'; readonly message: string; readonly stack: string };

/** Rank thread to main thread, until it serves; after that it only listens to its link. */
export type RankMessage =
  | { readonly type: 'packing'; readonly bytesDone: number; readonly bytesTotal: number }
  | { readonly type: 'loading' }
  | { readonly type: 'loaded'; readonly memory: DeviceMemory | null }
  /** The pool exists; steps may come. */
  | { readonly type: 'attached' }
  | { readonly type: 'failed'; readonly fault: RankFault };

/** Main thread to rank thread. */
export type RankCommand =
  | {
      readonly type: 'attach';
      readonly numBlocks: number;
      readonly stepMemory: StepMemory | PagedStepMemory;
      readonly linkMemory: RankLinkMemory;
    }
  /** Ends a rank that is not attached yet. */
  | { readonly type: 'stop' };
