import type { KvCacheDtype } from '../deepseek-v2/latent-row.ts';
import { FLOAT32, type Precision } from '../deepseek-v2/precision.ts';

/** A device to run a model on, and how. */
export type DeviceSpec =
  | {
      readonly type: 'cpu';
      /** Threads of ONNX Runtime; null: one per core. */
      readonly numThreads: number | null;
      /** Padded batches that attention distinguishes. */
      readonly numGroups: number;
    }
  | {
      readonly type: 'cuda';
      /** As the driver numbers the GPUs. */
      readonly index: number;
      readonly precision: Precision;
      readonly kvCacheDtype: KvCacheDtype;
      /** portable: only kernels that run on every card. */
      readonly kernels: 'auto' | 'portable';
      /** Where the tokens of a step are chosen. */
      readonly sampler: 'host' | 'device';
    };

export function precisionOf(device: DeviceSpec): Precision {
  return device.type === 'cpu' ? FLOAT32 : device.precision;
}

export function kvCacheDtypeOf(device: DeviceSpec): KvCacheDtype {
  return device.type === 'cpu' ? 'auto' : device.kvCacheDtype;
}
