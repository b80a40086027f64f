import type { DeepseekV2Config } from '../deepseek-v2/config.ts';
import { type KvCacheDtype, latentBytesPerToken } from '../deepseek-v2/latent-row.ts';
import type { Precision } from '../deepseek-v2/precision.ts';
import { GPU_WORKSPACE_BYTES } from '../engine/device-plan.ts';
import type { Check } from './doctor-report.ts';
import { formatBytes, formatCount } from './format.ts';

const WEIGHT_NAMES = { f32: 'fp32', f16: 'fp16', bf16: 'bf16', u8: 'int8' } as const;
/** Share of the host's free memory that the latent cache gets without --kv-cache-memory-bytes. */
const HOST_CACHE_SHARE = 0.25;

/** Memory that the model would run in. */
export interface ModelMemory {
  readonly place: 'host' | 'gpu';
  /** Bytes; null: the GPU is not there. */
  readonly size: { readonly total: number; readonly available: number } | null;
}

export interface MemoryNeeds {
  readonly precision: Precision;
  readonly packedBytes: number;
  readonly memory: ModelMemory;
  readonly kvCacheDtype: KvCacheDtype;
  readonly kvCacheMemoryBytes: number | null;
  readonly maxModelLen: number | null;
  /** Of a GPU's memory, the share that may be filled. */
  readonly gpuMemoryUtilization: number;
}

/** Whether weights and latent cache fit, and what context that gives. */
export function checkMemoryNeeds(config: DeepseekV2Config, needs: MemoryNeeds): Check[] {
  return [checkWeightsFit(needs), checkContext(config, needs)];
}

function checkWeightsFit({ precision, packedBytes, memory }: MemoryNeeds): Check {
  const base = { id: 'weights', title: 'Weights' } as const;
  const experts = precision.experts === precision.stream ? '' : `, experts in ${WEIGHT_NAMES[precision.experts]}`;
  const size = `${formatBytes(packedBytes)} in ${WEIGHT_NAMES[precision.stream]}${experts}`;
  if (memory.size === null) return { ...base, status: 'note', message: `${size}`, details: { packedBytes } };
  const { total, available } = memory.size;
  const need = `${size}, ${formatBytes(available)} free of ${formatBytes(total)}${memory.place === 'gpu' ? ' on the GPU' : ''}`;
  const fitsNow = packedBytes < available;
  const fitsEver = packedBytes < total;
  return {
    ...base,
    // What other programs hold of a GPU does not move out of the way, as it does on the host.
    status: fitsNow ? 'ok' : fitsEver && memory.place === 'host' ? 'warning' : 'failure',
    message: fitsNow ? need : `${need}: ${fitsEver ? 'free some memory first' : 'they do not fit'}`,
    details: { packedBytes, totalBytes: total, availableBytes: available },
  };
}

function checkContext(config: DeepseekV2Config, needs: MemoryNeeds): Check {
  const base = { id: 'context', title: 'Latent cache' } as const;
  const bytesPerToken = latentBytesPerToken(config, needs.precision.stream, needs.kvCacheDtype);
  const { maxPositionEmbeddings } = config;
  const cacheBytes = needs.kvCacheMemoryBytes ?? defaultCacheBytes(needs);
  if (cacheBytes === null) {
    const details = { bytesPerToken, maxPositionEmbeddings };
    return { ...base, status: 'note', message: `${formatCount(bytesPerToken)} bytes a token`, details };
  }
  const cacheTokens = Math.floor(cacheBytes / bytesPerToken);
  const wanted = needs.maxModelLen ?? maxPositionEmbeddings;
  const context = Math.min(wanted, maxPositionEmbeddings, cacheTokens);
  const isShort = context < Math.min(wanted, maxPositionEmbeddings);
  return {
    ...base,
    status: context < 2 ? 'failure' : isShort ? 'warning' : 'ok',
    message:
      `${formatCount(bytesPerToken)} bytes a token; up to ${formatBytes(cacheBytes)} hold ${formatCount(cacheTokens)} tokens, ` +
      `so the context is ${formatCount(context)}${isShort ? ` of the ${formatCount(wanted)} wanted` : ''}`,
    details: { bytesPerToken, cacheBytes, cacheTokens, context, maxPositionEmbeddings },
  };
}

/** What the engine would take for the cache once the weights are loaded. */
function defaultCacheBytes({ memory, packedBytes, gpuMemoryUtilization }: MemoryNeeds): number | null {
  if (memory.size === null) return null;
  const { total, available } = memory.size;
  const left = available - packedBytes;
  if (memory.place === 'host') return Math.max(0, left) * HOST_CACHE_SHARE;
  return Math.max(0, Math.floor(left - (1 - gpuMemoryUtilization) * total - GPU_WORKSPACE_BYTES));
}
