import { latentBytesPerToken } from '../deepseek-v2/latent-row.ts';
import { ConfigError } from '../errors.ts';
import { type PoolSize, sizePool } from '../kv-cache/latent-layout.ts';
import { type DeviceSpec, kvCacheDtypeOf, precisionOf } from '../ranks/device-spec.ts';
import type { DeviceMemory } from '../ranks/load-rank.ts';
import { PagedStepBuffers, type PagedStepMemory } from '../ranks/paged-step-buffers.ts';
import { StepBuffers, type StepMemory } from '../ranks/step-buffers.ts';
import { decodeBuckets } from '../runner/decode-buckets.ts';
import type { EngineSettings } from './engine-settings.ts';

/** Limits of a step that depend on the device. */
export interface DevicePlan {
  /** Slots of a cache block. */
  readonly blockSize: number;
  /** Prefill chunks that one step holds. */
  readonly maxPrefillChunks: number;
  /** Tokens of one sequence that one step prefills. */
  readonly longPrefillChunk: number;
  /** Largest token budget that warm-up may choose. */
  readonly largestBudget: number;
}

/** CPU attention pads chunks to one another: more of them would only be padding. */
const CPU_MAX_CHUNKS = 8;
/**
 * CPU attention of a chunk covers the chunk's whole square, half of it masked: pieces of 256 do half the work of one of
 * 900 and are still large enough for the matrix products.
 */
const CPU_LONG_CHUNK = 256;
/** Rows of logits that one step of prompt scoring may want. */
const MIN_LOGIT_ROWS = 32;
/** Logit biases, and tokens under a penalty, that the sequences of one step may have for the GPU to sample them: 4 MiB each. */
const MAX_LIST_ENTRIES = 2 ** 19;
/** Where the GPU samples: one step computes while the next one is made ready. */
const STEPS_UNDER_WAY = 2;

export function devicePlan(device: DeviceSpec): DevicePlan {
  if (device.type === 'cuda') {
    const any = Number.POSITIVE_INFINITY;
    return { blockSize: 64, maxPrefillChunks: any, longPrefillChunk: any, largestBudget: 8192 };
  }
  return { blockSize: 16, maxPrefillChunks: CPU_MAX_CHUNKS, longPrefillChunk: CPU_LONG_CHUNK, largestBudget: 2048 };
}

/** Rows of logits that one step may return: one for each sequence, and room for scoring prompts. */
export function maxLogitRows({ maxPrefillChunks }: DevicePlan, maxNumSeqs: number): number {
  const chunks = Number.isFinite(maxPrefillChunks) ? maxPrefillChunks : 0;
  return Math.max(maxNumSeqs, MIN_LOGIT_ROWS) + chunks;
}

/** Shared memory that steps travel in. @param maxTokens of one step */
export function allocateStepMemory(
  { device, model, maxNumSeqs }: EngineSettings,
  { maxTokens, maxModelLen }: { readonly maxTokens: number; readonly maxModelLen: number },
): StepMemory | PagedStepMemory {
  const plan = devicePlan(device);
  const limits = {
    maxTokens,
    maxSequences: maxNumSeqs,
    maxLogitRows: maxLogitRows(plan, maxNumSeqs),
    maxBlocksPerSequence: Math.ceil(maxModelLen / plan.blockSize),
    vocabSize: model.vocabSize,
  };
  if (device.type === 'cuda') {
    // Steps of decodes are padded to the next bucket.
    const maxSequences = decodeBuckets(maxNumSeqs).at(-1)!;
    const maxRows = Math.max(limits.maxLogitRows, maxSequences);
    const padded = { ...limits, maxSequences, maxTokens: Math.max(maxTokens, maxSequences), maxLogitRows: maxRows };
    const slots =
      device.sampler === 'device'
        ? PagedStepBuffers.allocate(padded, MAX_LIST_ENTRIES, STEPS_UNDER_WAY)
        : PagedStepBuffers.allocate(padded);
    return { kind: 'paged', slots: slots.map(({ memory }) => memory) };
  }
  return StepBuffers.allocate({ ...limits, maxChunks: plan.maxPrefillChunks, numGroups: device.numGroups }).memory;
}

/** Of a GPU's memory, kept for what a step computes with. */
export const GPU_WORKSPACE_BYTES = 1024 ** 3;

/**
 * How large the latent pool becomes.
 * @param memory of the device once the weights are loaded; null: it uses the host's
 * @throws ConfigError when the wanted context does not fit
 */
export function sizeCache(settings: EngineSettings, memory: DeviceMemory | null): PoolSize {
  const { model, maxNumSeqs, device } = settings;
  const { blockSize } = devicePlan(device);
  const wanted = settings.maxModelLen ?? model.maxPositionEmbeddings;
  const bytesPerToken = latentBytesPerToken(model, precisionOf(device).stream, kvCacheDtypeOf(device));
  // More than every sequence at full length needs would only spread the prefix cache over cold memory.
  const mostUseful = maxNumSeqs * (Math.ceil(wanted / blockSize) + 1) * blockSize * bytesPerToken;
  const available =
    memory === null
      ? Math.floor(process.availableMemory() / 4)
      : Math.floor(memory.free - (1 - settings.gpuMemoryUtilization) * memory.total - GPU_WORKSPACE_BYTES);
  const availableBytes = settings.kvCacheMemoryBytes ?? Math.max(0, Math.min(available, mostUseful));
  const size = sizePool({ availableBytes, bytesPerToken, blockSize, maxModelLen: wanted });
  if (settings.maxModelLen !== null && size.maxModelLen < settings.maxModelLen) {
    throw new ConfigError(
      `--max-model-len ${wanted} does not fit the memory for the cache (${size.explanation}). Lower it or raise --kv-cache-memory-bytes.`,
    );
  }
  return size;
}
