import type { DeepseekV2Config } from '../deepseek-v2/config.ts';
import type { RankLinkMemory } from './rank-link.ts';
import type { StepMemory } from './step-buffers.ts';

export interface RankWorkerData {
  /** Folder of the checkpoint. */
  readonly modelFolder: string;
  readonly config: DeepseekV2Config;
  readonly cacheRoot: string;
  readonly blockSize: number;
  readonly numGroups: number;
  readonly numThreads: number | null;
}

/** Rank thread to main thread, until it serves; after that it only listens to its link. */
export type RankMessage =
  | { readonly type: 'packing'; readonly bytesDone: number; readonly bytesTotal: number }
  | { readonly type: 'loading' }
  | { readonly type: 'loaded' }
  /** The pool exists; steps may come. */
  | { readonly type: 'attached' }
  /** `file` is set when the checkpoint is at fault, and the message is then about it. */
  | { readonly type: 'failed'; readonly file: string | null; readonly message: string };

/** Main thread to rank thread. */
export type RankCommand =
  | {
      readonly type: 'attach';
      readonly numBlocks: number;
      readonly stepMemory: StepMemory;
      readonly linkMemory: RankLinkMemory;
    }
  /** Ends a rank that is not attached yet. */
  | { readonly type: 'stop' };
