import type { ServeConfig } from '../config/serve-config.ts';
import type { Precision } from '../deepseek-v2/precision.ts';
import { ConfigError } from '../errors.ts';
import { type DeviceSpec, kvCacheDtypeOf, precisionOf } from '../ranks/device-spec.ts';

/** Padded batches that CPU attention distinguishes: two sizes of decodes and one of prefill chunks, or any other split. */
const CPU_GROUPS = 3;

/** DeepSeek publishes bfloat16; the experts' products are float16 in any case but float32's. */
const PRECISIONS: Readonly<Record<ServeConfig['dtype'], Precision>> = {
  auto: { stream: 'bf16', experts: 'f16' },
  bfloat16: { stream: 'bf16', experts: 'f16' },
  float16: { stream: 'f16', experts: 'f16' },
  float32: { stream: 'f32', experts: 'f32' },
};

/** Names that people know the element types by. */
export const DTYPE_NAMES = { f32: 'float32', f16: 'float16', bf16: 'bfloat16' } as const;

/** Running sequences where the configuration says nothing. */
const CPU_NUM_SEQS = 64;
const GPU_NUM_SEQS = 256;

/**
 * The device that --device, --dtype, --quantization and --kv-cache-dtype ask for.
 * @throws ConfigError when the device does not compute, or cache, in this type
 */
export function toDeviceSpec(config: ServeConfig): DeviceSpec {
  const { device, dtype, quantization, kvCacheDtype, numThreads, cudaKernels, cudaSampler } = config;
  if (device === 'cpu') {
    if (dtype !== 'auto' && dtype !== 'float32') {
      throw new ConfigError(`--dtype ${dtype} needs --device cuda: the CPU computes in float32`);
    }
    if (quantization !== 'none') {
      throw new ConfigError(`--quantization ${quantization} needs --device cuda: the CPU computes in float32`);
    }
    if (kvCacheDtype !== 'auto') {
      throw new ConfigError(`--kv-cache-dtype ${kvCacheDtype} needs --device cuda: the CPU caches latents in float32`);
    }
    return { type: 'cpu', numThreads, numGroups: CPU_GROUPS };
  }
  const unquantized = PRECISIONS[dtype];
  const precision: Precision = quantization === 'int8' ? { ...unquantized, experts: 'u8' } : unquantized;
  return { type: 'cuda', index: device, precision, kvCacheDtype, kernels: cudaKernels, sampler: cudaSampler };
}

/** Name of the element type of the device's latent cache. */
export function cacheDtypeName(device: DeviceSpec): string {
  const kvCacheDtype = kvCacheDtypeOf(device);
  return kvCacheDtype === 'auto' ? DTYPE_NAMES[precisionOf(device).stream] : kvCacheDtype;
}

/** Sequences that run at once: what the configuration says, or as many as the device gains from. */
export function maxNumSeqsOf({ maxNumSeqs, device }: Pick<ServeConfig, 'maxNumSeqs' | 'device'>): number {
  return maxNumSeqs ?? (device === 'cpu' ? CPU_NUM_SEQS : GPU_NUM_SEQS);
}
